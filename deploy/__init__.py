"""Setting up, running and checking the project from a fresh clone, with the standard library alone."""
