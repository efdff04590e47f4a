"""What a registry can do, found out by trying."""
