"""The twin: a simulated second device, which finds code that would break on a GPU."""
