"""What graders' own probes have in common, so that none has to write it again.

They run in the worker, beside the submission, and return plain data and tensors.
"""

from torchkata.probes.calls import called, with_gradients
from torchkata.probes.compiling import (
    Flow,
    compiling,
    given_up,
    in_one_graph,
    operations,
    quick_backend,
    scripting,
)
from torchkata.probes.descent import adam_descent, momentum_descent, slopes
from torchkata.probes.loading import (
    delivered,
    indexed,
    most_held,
    opening,
    opening_tars,
    taken,
)
from torchkata.probes.modules import behind, given, registered
from torchkata.probes.settings import watching_autocast, watching_module
from torchkata.probes.training import TwoLayers, Watch, problem, stale

__all__ = [
    "Flow",
    "TwoLayers",
    "Watch",
    "adam_descent",
    "behind",
    "called",
    "compiling",
    "delivered",
    "given",
    "given_up",
    "in_one_graph",
    "indexed",
    "momentum_descent",
    "most_held",
    "opening",
    "opening_tars",
    "operations",
    "problem",
    "quick_backend",
    "registered",
    "scripting",
    "slopes",
    "stale",
    "taken",
    "watching_autocast",
    "watching_module",
    "with_gradients",
]
