"""What helps a learner besides the verdict: hints, reset, states."""
