"""The command line and the other entry points."""
