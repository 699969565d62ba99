"""Building blocks for the probes of graders.

A probe is a function that a grader sends to the worker. It runs there, beside the submission, and
returns plain data and tensors.
"""

from torchkata.probes.calls import called_functions, with_gradients
from torchkata.probes.compiling import (
    DataflowRecorder,
    compile_as_one_graph,
    compiled_graphs,
    op_names,
    scripted_graphs,
    uncompiled_reasons,
    use_eager_backend,
)
from torchkata.probes.descent import adam_descent, loss_gradients, momentum_descent
from torchkata.probes.loading import (
    EndlessError,
    collect_bounded,
    count_and_peak_bytes,
    loader_output,
    recorded_opens,
    recorded_tar_opens,
    samples_at,
)
from torchkata.probes.modules import params_left_behind, registered_names, with_parameters
from torchkata.probes.settings import autocast_changes, module_changes
from torchkata.probes.training import (
    TrainingRecorder,
    TwoLayers,
    fill_stale_grads,
    training_problem,
)

__all__ = [
    "DataflowRecorder",
    "EndlessError",
    "TrainingRecorder",
    "TwoLayers",
    "adam_descent",
    "autocast_changes",
    "called_functions",
    "collect_bounded",
    "compile_as_one_graph",
    "compiled_graphs",
    "count_and_peak_bytes",
    "fill_stale_grads",
    "loader_output",
    "loss_gradients",
    "module_changes",
    "momentum_descent",
    "op_names",
    "params_left_behind",
    "recorded_opens",
    "recorded_tar_opens",
    "registered_names",
    "samples_at",
    "scripted_graphs",
    "training_problem",
    "uncompiled_reasons",
    "use_eager_backend",
    "with_gradients",
    "with_parameters",
]
