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

from torchkata.probes.endless import EndlessError

Program = Callable[..., Any]
LIMIT: Final = 10  # seconds: below the time that a whole request may take

_ADVICE: Final = "Consider annotating your code using torch._check*()."  # no way out here
_endless: list[str] = []  # in a worker process: fills when compiling comes to no end


def quick_backend() -> None:
    """From now on the backend "eager" stands in for whichever a submission names.

    The default one, inductor, writes C++ code and has it compiled, which a confined worker may
    not, and which takes seconds for each program.
    """
    torch.compiler.set_stance("default", force_backend="eager")


@contextmanager
def compiling(around: Callable[[Program], Program] | None = None) -> Iterator[list[GraphModule]]:
    """Forget all compiled programs, then collect those that are made, whatever their backend.

    Args:
        around: wraps each program, to watch its calls.

    Raises:
        EndlessError: it takes longer than `LIMIT` seconds, or did so in this process before.
    """
    graphs: list[GraphModule] = []
    backend = _collector(graphs, around)
    with _anew(), torch.compiler.set_stance("default", force_backend=backend):
        yield graphs


def _collector(
    graphs: list[GraphModule], around: Callable[[Program], Program] | None = None
) -> Program:
    def backend(graph: GraphModule, _inputs: list[Tensor]) -> Program:
        graphs.append(graph)
        return around(graph.forward) if around else graph.forward

    return backend


def operations(graph: GraphModule) -> list[str]:
    """The names of the operations that a program holds, in their order."""
    return [str(node.target) for node in graph.graph.nodes if node.op.startswith("call")]


def given_up() -> list[str]:
    """Why the compiler has left code uncompiled, since the last `compiling` began."""
    return list(torch._dynamo.utils.counters["unimplemented"])  # noqa: SLF001


def in_one_graph(function: Program, *arguments: Any) -> dict[str, Any]:
    """Compile a function that has to be one graph, and call it.

    Returns:
        `graphs`, the names of the operations of each; `refused`, the compiler's explanation where
        it makes none; and the `result` otherwise.
    """
    graphs: list[GraphModule] = []
    # A backend that is forced on it lets torch.compile forget about fullgraph=True.
    with _anew(), torch.compiler.set_stance("default"):
        try:
            compiled = torch.compile(function, fullgraph=True, backend=_collector(graphs))
            result = compiled(*arguments)
        except Exception as error:
            if not type(error).__module__.startswith("torch._dynamo"):
                raise
            return {"graphs": [], "refused": _explanation(str(error))}
    return {"graphs": [operations(graph) for graph in graphs], "refused": "", "result": result}


def _explanation(text: str) -> str:
    """The line of the compiler's many that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    signs = ("Explanation:", "data-dependent", "")
    found = next((line for sign in signs for line in lines if sign in line), "it stops")
    return found.removeprefix("Explanation:").removeprefix(_ADVICE).strip()


@contextmanager
def scripting() -> Iterator[list[str]]:
    """Collect the graphs, as text, of the TorchScript programs that are called."""
    graphs: list[str] = []
    kinds = (torch.jit.ScriptFunction, torch._C.ScriptMethod)  # noqa: SLF001 - has no public name
    calls = [kind.__call__ for kind in kinds]

    def watched(call: Program) -> Program:
        def noting(self: Any, *arguments: Any, **keywords: Any) -> Any:
            graphs.append(str(self.inlined_graph))
            return call(self, *arguments, **keywords)

        return noting

    try:
        for kind, call in zip(kinds, calls, strict=True):
            kind.__call__ = watched(call)  # type: ignore[method-assign]
        yield graphs
    finally:
        for kind, call in zip(kinds, calls, strict=True):
            kind.__call__ = call  # type: ignore[method-assign]


class Flow:
    """The numbers that compiled programs take and make: `with compiling(flow.around): ...`."""

    def __init__(self) -> None:
        self._taken: list[Tensor] = []
        self._made: list[Tensor] = []

    def around(self, program: Program) -> Program:
        """Watch the calls of a program."""

        def run(*arguments: Any) -> Any:
            results = program(*arguments)
            self._taken += _numbers(arguments)
            self._made += _numbers(results)
            return results

        return run

    def forget(self) -> None:
        """Begin anew."""
        self._taken.clear()
        self._made.clear()

    def holds(self, result: Tensor) -> bool:
        """Whether a program made each entry of `result`, in any order or padding; none took it."""
        return _among(result, self._made) and not _among(result, self._taken)


def _numbers(tree: Any) -> list[Tensor]:
    leaves = torch.utils._pytree.tree_leaves(tree)  # noqa: SLF001 - has no public name
    return [leaf.detach().flatten() for leaf in leaves if torch.is_tensor(leaf)]


def _among(result: Tensor, found: list[Tensor]) -> bool:
    pool = torch.cat([torch.empty(0), *found]).float()
    near = torch.isclose(pool, result.flatten()[:, None], rtol=1e-5, atol=1e-6)
    return bool(near.any(1).all()) if len(pool) else False


@contextmanager
def _anew() -> Iterator[None]:
    if _endless:
        raise EndlessError("compiling", LIMIT)
    torch._dynamo.reset()  # noqa: SLF001 - the counters have no public name
    torch._dynamo.utils.counters.clear()  # noqa: SLF001
    with _timed():
        yield


@contextmanager
def _timed() -> Iterator[None]:
    """Interrupt what takes too long, where the platform has a timer for it."""
    if not hasattr(signal, "setitimer"):
        yield  # the judge's own limit has to do
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        _endless.append("compiling")
        raise EndlessError("compiling", LIMIT)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
