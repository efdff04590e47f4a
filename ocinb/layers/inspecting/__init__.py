"""What the files of an image say of it: its packages, its system, who may do what."""
