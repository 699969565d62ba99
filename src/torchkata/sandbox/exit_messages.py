"""What to tell a learner when there is no answer: the process ended, or a compiler is missing."""

from __future__ import annotations

import signal

from torchkata.errors import WorkerDiedError
from torchkata.i18n import _


def timeout(limit: float) -> str:
    """The request took longer than its limit."""
    return _(
        "No answer within {limit:g} s, so it was stopped. Look for a loop that never ends, or for "
        "work that grows much faster than the input.",
        limit=limit,
    )


def too_long(limit: float) -> str:
    """No request took too long, but all of them together did."""
    return _(
        "Its calls took more than {limit:g} s in all, each of them just short enough, so it was "
        "stopped. Look for what waits, or works again on what is known already.",
        limit=limit,
    )


def protocol(detail: str) -> str:
    """The worker's bytes made no sense."""
    return _(
        "{detail} The answer cannot be judged. Leave the process's own pipes and threads alone: "
        "return the result from the function.",
        detail=detail,
    )


def death(status: int | None) -> WorkerDiedError:
    """Name the end of a process by its exit status (negative: a signal)."""
    if status is None:
        return WorkerDiedError(
            "exit", _("The code closed its connection to the judge. Return the result instead.")
        )
    if status >= 0:
        return WorkerDiedError(
            "exit",
            _(
                "The code ended the whole process (exit code {status}), for example by os._exit() "
                "or quit(). A function has to return instead; an exit counts for nothing.",
                status=status,
            ),
        )
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    causes = {
        "SIGSEGV": _("a segmentation fault: memory was touched that is not there"),
        "SIGABRT": _("an abort inside PyTorch or another library"),
        "SIGKILL": _("killed from outside, most often because memory ran out"),
        "SIGXCPU": _("it used up its processor time"),
        "SIGSYS": _("a system call that submissions may not make"),
        "SIGXFSZ": _("it wrote a file larger than allowed"),
    }
    cause = causes.get(name, _("a signal"))
    return WorkerDiedError(
        "signal", _("The process was ended by {name} ({cause}).", name=name, cause=cause)
    )


def from_inductor(kind: str, message: str) -> bool:
    """Whether an exception says that inductor could not build its program."""
    if kind == "BackendCompilerFailed":  # of any backend
        return "inductor" in message
    return kind in {"InductorError", "InvalidCxxCompiler", "CppCompileError"}


def no_compiler(message: str) -> str:
    """A submission got by the backend that stands in, and inductor found no compiler to call."""
    return _(
        "This cannot be judged here: inductor, the default backend of torch.compile, has to call a "
        "C++ compiler, and none can be called ({detail}). Use plain torch.compile, for which the "
        "judge puts another backend in place, or leave the compiling out.",
        detail=message.strip().partition("\n")[0][:200],
    )
