"""The checks: what is judged of an exercise, and how each kind is judged."""
