"""The spec of an exercise: what a grader declares."""
