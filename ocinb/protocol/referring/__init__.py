"""What refers to a manifest: finding it, attaching it, and keeping the tags that list it."""
