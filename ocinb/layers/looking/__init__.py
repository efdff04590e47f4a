"""The files of a layer as columns, and what is in one of them."""
