"""What helps an instructor: the branch of solutions."""
