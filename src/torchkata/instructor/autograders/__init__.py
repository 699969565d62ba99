"""Harnesses: grading where others run it, and results in the forms that they read."""
