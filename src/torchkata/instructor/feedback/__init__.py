"""What comes out of a gradebook for people."""
