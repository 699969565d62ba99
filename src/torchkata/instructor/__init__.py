"""What helps an instructor: kits, gradebooks, harnesses, and the branch of solutions."""
