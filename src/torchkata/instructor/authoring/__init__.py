"""Tools for authors: start an exercise, and validate it."""
