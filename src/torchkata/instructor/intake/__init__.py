"""Intake: what learners handed in, read by content; nothing of it is ever unpacked or run."""
