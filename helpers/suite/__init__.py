"""Suite: the command line, the runner, and what is handed in or handed out."""
