"""Where content rests: verified content by digest, in memory or on local disk."""
