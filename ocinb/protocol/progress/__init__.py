"""What the events of a transfer add up to, and how it is told."""
