"""Feedback from a gradebook: a page per learner, a class report, and similar files."""
