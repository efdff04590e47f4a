"""Files of layers written to a folder: what goes where, what does not, and the folder itself."""
