"""What graders' own probes have in common, so that none has to write it again.

They run in the worker, beside the submission, and return plain data and tensors.
"""

from torchkata.probes.calls import called, with_gradients
from torchkata.probes.compiling import compiling, operations, quick_backend
from torchkata.probes.loading import delivered, ending, opening, taken
from torchkata.probes.modules import behind, given, registered
from torchkata.probes.training import TwoLayers, Watch, slopes, stale

__all__ = [
    "TwoLayers",
    "Watch",
    "behind",
    "called",
    "compiling",
    "delivered",
    "ending",
    "given",
    "opening",
    "operations",
    "quick_backend",
    "registered",
    "slopes",
    "stale",
    "taken",
    "with_gradients",
]
