"""The other end: an OCI registry in this process."""
