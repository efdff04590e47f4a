"""Copying: what belongs together is found at its source, then put where it is to go."""
