"""Grade a class and store its verdicts."""
