"""Messages, numbers and languages."""
