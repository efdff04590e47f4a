"""Questions about several images at once, wherever they are."""
