"""Tools for instructors: kits, gradebooks, feedback, autograders, authoring of exercises."""
