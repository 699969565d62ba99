"""The course on disk: exercises, graders and kits."""
