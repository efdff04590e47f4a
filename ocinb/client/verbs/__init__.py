"""What one can do with a repository, by subject; together they are `Repository`."""
