"""Layers over each other, and what that costs."""
