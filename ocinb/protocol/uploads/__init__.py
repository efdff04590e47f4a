"""Uploading a blob: the ways it may go, and the session it goes through."""
