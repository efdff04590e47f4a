"""Making images: what goes into a layer, how that is written, what is said about it."""
