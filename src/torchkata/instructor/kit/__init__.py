"""Kits: what learners get, built from the course."""
