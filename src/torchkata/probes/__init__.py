"""Ready-made pieces of graders' probes, for what several exercises have to find out.

They run in the worker, beside the submission, and return plain data and tensors.
"""

from torchkata.probes.calls import called, with_gradients
from torchkata.probes.training import TwoLayers, Watch, slopes, stale

__all__ = ["TwoLayers", "Watch", "called", "slopes", "stale", "with_gradients"]
