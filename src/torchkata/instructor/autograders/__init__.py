"""Support for Gradescope, GitHub Classroom, GitLab CI, otter-grader and nbgrader."""
