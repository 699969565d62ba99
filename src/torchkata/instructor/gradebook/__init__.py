"""Grade a class and keep its results."""
