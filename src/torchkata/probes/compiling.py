"""Watch compilers: which programs they make of a submission, without a C++ compiler."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import torch
from torch import Tensor
from torch.fx import GraphModule

from torchkata.probes.loading import EndlessError

Program = Callable[..., Any]
LIMIT: Final = 10  # seconds of processor time: less than a whole request may take

_ADVICE: Final = "Consider annotating your code using torch._check*()."  # no help in an exercise
_timed_out: list[str] = []  # in a worker process: not empty once compiling took too long


def use_eager_backend() -> None:
    """Replace the backend that a submission names by "eager", from now on.

    The default backend, inductor, writes C++ code and has it compiled. A confined worker may not
    do that, and it takes seconds for each program.
    """
    torch.compiler.set_stance("default", force_backend="eager")


@contextmanager
def compiled_graphs(
    wrap: Callable[[Program], Program] | None = None,
) -> Iterator[list[GraphModule]]:
    """Discard all compiled programs, then collect those that are made, whatever their backend.

    Args:
        wrap: wraps each program, to watch its calls.

    Yields:
        A list to which every new graph is appended.

    Raises:
        EndlessError: compiling takes more than `LIMIT` seconds of processor time, or did so before.
    """
    graphs: list[GraphModule] = []
    backend = _collector(graphs, wrap)
    with _fresh_compiler(), torch.compiler.set_stance("default", force_backend=backend):
        yield graphs


def _collector(
    graphs: list[GraphModule], wrap: Callable[[Program], Program] | None = None
) -> Program:
    def backend(graph: GraphModule, _inputs: list[Tensor]) -> Program:
        graphs.append(graph)
        return wrap(graph.forward) if wrap else graph.forward

    return backend


def op_names(graph: GraphModule) -> list[str]:
    """Return the names of a graph's operations, in order."""
    return [str(node.target) for node in graph.graph.nodes if node.op.startswith("call")]


def uncompiled_reasons() -> list[str]:
    """Return why the compiler left code uncompiled since the last `compiled_graphs` began."""
    return list(torch._dynamo.utils.counters["unimplemented"])  # noqa: SLF001


def compile_as_one_graph(function: Program, *arguments: Any) -> dict[str, Any]:
    """Compile a function with `fullgraph=True` and call it.

    Returns:
        `graphs`, the names of the operations of each graph; `refused`, the compiler's explanation
        if it refused, else empty; and the `result` if it did not refuse.
    """
    graphs: list[GraphModule] = []
    # A forced backend makes torch.compile ignore fullgraph=True.
    with _fresh_compiler(), torch.compiler.set_stance("default"):
        try:
            compiled = torch.compile(function, fullgraph=True, backend=_collector(graphs))
            result = compiled(*arguments)
        except Exception as error:
            if not type(error).__module__.startswith("torch._dynamo"):
                raise
            return {"graphs": [], "refused": _explanation(str(error))}
    return {"graphs": [op_names(graph) for graph in graphs], "refused": "", "result": result}


def _explanation(text: str) -> str:
    """Return the one line of the compiler's message that gives the reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    markers = ("Explanation:", "data-dependent", "")
    reason = next((line for sign in markers for line in lines if sign in line), "it stops")
    return reason.removeprefix("Explanation:").removeprefix(_ADVICE).strip()


@contextmanager
def scripted_graphs() -> Iterator[list[str]]:
    """Collect the graphs, as text, of the TorchScript programs that are called."""
    graphs: list[str] = []
    kinds = (torch.jit.ScriptFunction, torch._C.ScriptMethod)  # noqa: SLF001 - has no public name
    calls = [kind.__call__ for kind in kinds]

    def recorded(call: Program) -> Program:
        def call_and_record(self: Any, *arguments: Any, **keywords: Any) -> Any:
            graphs.append(str(self.inlined_graph))
            return call(self, *arguments, **keywords)

        return call_and_record

    try:
        for kind, call in zip(kinds, calls, strict=True):
            kind.__call__ = recorded(call)  # type: ignore[method-assign]
        yield graphs
    finally:
        for kind, call in zip(kinds, calls, strict=True):
            kind.__call__ = call  # type: ignore[method-assign]


class DataflowRecorder:
    """Records which numbers compiled programs take and produce.

    Use it as `with compiled_graphs(recorder.wrap): ...`.
    """

    def __init__(self) -> None:
        self._inputs: list[Tensor] = []
        self._outputs: list[Tensor] = []

    def wrap(self, program: Program) -> Program:
        """Wrap a program so that the tensors of its calls are recorded."""

        def run(*arguments: Any) -> Any:
            results = program(*arguments)
            self._inputs += _flat_tensors(arguments)
            self._outputs += _flat_tensors(results)
            return results

        return run

    def clear(self) -> None:
        """Discard what has been recorded."""
        self._inputs.clear()
        self._outputs.clear()

    def produced(self, result: Tensor) -> bool:
        """Return whether a program computed every entry of `result`.

        Order and padding do not matter. Entries that a program merely received do not count.
        """
        return _contains(self._outputs, result) and not _contains(self._inputs, result)


def _flat_tensors(tree: Any) -> list[Tensor]:
    leaves = torch.utils._pytree.tree_leaves(tree)  # noqa: SLF001 - has no public name
    return [leaf.detach().flatten() for leaf in leaves if torch.is_tensor(leaf)]


def _contains(recorded: list[Tensor], result: Tensor) -> bool:
    pool = torch.cat([torch.empty(0), *recorded]).float()
    near = torch.isclose(pool, result.flatten()[:, None], rtol=1e-5, atol=1e-6)
    return bool(near.any(1).all()) if len(pool) else False


@contextmanager
def _fresh_compiler() -> Iterator[None]:
    if _timed_out:
        raise EndlessError("compiling", LIMIT)
    torch._dynamo.reset()  # noqa: SLF001 - the counters have no public name
    torch._dynamo.utils.counters.clear()  # noqa: SLF001
    with _time_limit():
        yield


@contextmanager
def _time_limit() -> Iterator[None]:
    """Interrupt the block after `LIMIT` seconds of processor time, if the platform has a timer."""
    if not hasattr(signal, "setitimer"):
        yield  # the limit of the whole request still applies
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _timed_out.append("compiling")
        raise EndlessError("compiling", LIMIT)

    previous = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
