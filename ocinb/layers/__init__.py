"""What is inside layers: tar archives, compressed or not, read and written within bounds."""
