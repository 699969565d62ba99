"""Compare what a submission returned with what the reference returned, and say what differs."""

from torchkata.compare.difference import Difference
from torchkata.compare.tolerance import Tolerance, tolerance_for
from torchkata.compare.tree import differences

__all__ = ["Difference", "Tolerance", "differences", "tolerance_for"]
