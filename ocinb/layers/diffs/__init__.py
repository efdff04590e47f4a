"""What two images hold, side by side: files, their content, packages."""
