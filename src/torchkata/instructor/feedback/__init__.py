"""What comes out of a gradebook for people: feedback, the class report, files that are alike."""

from torchkata.instructor.feedback.write import write_feedback

__all__ = ["write_feedback"]
