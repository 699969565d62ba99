"""Compare what a submission returned with what the reference returned, and say what differs."""

from torchkata.course.spec.tolerance import Tolerance
from torchkata.grading.compare.compare import differences
from torchkata.grading.compare.difference import Difference
from torchkata.grading.compare.tolerance import tolerance_for

__all__ = ["Difference", "Tolerance", "differences", "tolerance_for"]
