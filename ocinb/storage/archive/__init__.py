"""Images in one tar file: `oci-archive` and `docker-archive`, read where they lie, and written."""
