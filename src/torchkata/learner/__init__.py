"""Features for learners: hints, statements, progress, reset, the reference after a pass."""
