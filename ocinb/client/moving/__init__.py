"""Much at once: how many go side by side, who waits for whom, and where content goes."""
