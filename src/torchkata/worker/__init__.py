"""Code that shares an interpreter with a submission."""
