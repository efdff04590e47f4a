"""Showing it: HTML, text and frames for values, and what moves while one waits."""
