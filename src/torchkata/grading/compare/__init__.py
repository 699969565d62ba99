"""Compare a submission's result with the reference's, and describe the differences."""

from torchkata.grading.compare.compare import differences
from torchkata.grading.compare.mismatch import Difference
from torchkata.grading.compare.tolerance import tolerance_for

__all__ = ["Difference", "differences", "tolerance_for"]
