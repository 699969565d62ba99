"""Tools for instructors: kits, gradebooks, feedback, autograders, and the authoring of exercises."""
