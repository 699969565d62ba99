"""Grade a submission: checks, timing, comparison, explanation."""
