"""Scripts that contend, each in a process of its own; they print what they measured as JSON."""
