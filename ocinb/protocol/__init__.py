"""What to say to a registry: conversations. Pure, no I/O."""
