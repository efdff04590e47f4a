"""Who is asking: credentials, where they come from, and who may be given them."""
