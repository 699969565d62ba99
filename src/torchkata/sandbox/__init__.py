"""The judge's side of a worker: starting it, talking to it, timing it, and ending it."""
