"""The entry points: command line, notebook extension and pytest plugin."""
