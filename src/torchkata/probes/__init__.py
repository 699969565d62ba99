"""Building blocks for the probes of graders.

A probe is a function that a grader sends to the worker. It runs there, beside the submission, and
returns plain data and tensors.
"""

from torchkata.probes.calls import (
    called_functions,
    copying_calls,
    impure_without_gradients,
    views_of_one_memory,
    with_gradients,
)
from torchkata.probes.compiling import (
    DataflowRecorder,
    compile_as_one_graph,
    compiled_graphs,
    op_names,
    scripted_graphs,
    uncompiled_reasons,
    use_eager_backend,
)
from torchkata.probes.datasets import (
    base_classes,
    length_and_samples,
    loader_batches,
    opened_files,
    passes_over,
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
from torchkata.probes.modules import (
    changed_by_forward,
    left_behind,
    module_structure,
    params_left_behind,
    registered_names,
    saved_and_loaded,
    starting_spread,
    with_parameters,
)
from torchkata.probes.settings import autocast_changes, module_changes
from torchkata.probes.training import (
    TrainingRecorder,
    TwoLayers,
    fill_stale_grads,
    training_problem,
    training_steps,
)

__all__ = [
    "DataflowRecorder",
    "EndlessError",
    "TrainingRecorder",
    "TwoLayers",
    "adam_descent",
    "autocast_changes",
    "base_classes",
    "called_functions",
    "changed_by_forward",
    "collect_bounded",
    "compile_as_one_graph",
    "compiled_graphs",
    "copying_calls",
    "count_and_peak_bytes",
    "fill_stale_grads",
    "impure_without_gradients",
    "left_behind",
    "length_and_samples",
    "loader_batches",
    "loader_output",
    "loss_gradients",
    "module_changes",
    "module_structure",
    "momentum_descent",
    "op_names",
    "opened_files",
    "params_left_behind",
    "passes_over",
    "recorded_opens",
    "recorded_tar_opens",
    "registered_names",
    "samples_at",
    "saved_and_loaded",
    "scripted_graphs",
    "starting_spread",
    "training_problem",
    "training_steps",
    "uncompiled_reasons",
    "use_eager_backend",
    "views_of_one_memory",
    "with_gradients",
    "with_parameters",
]
