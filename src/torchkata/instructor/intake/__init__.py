"""Read submissions in whatever form they arrive."""
