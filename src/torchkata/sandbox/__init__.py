"""The judge's side and the worker's side of one protocol, and what keeps a worker in its place."""
