"""The kit: what learners get, made from the course."""
