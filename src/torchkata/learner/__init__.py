"""What helps a learner besides the verdict: hints, reset, progress."""
