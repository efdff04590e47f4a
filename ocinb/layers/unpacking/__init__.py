"""A layer as it streams by: what packs it, the tar in it, and what its headers say."""
