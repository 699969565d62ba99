"""Messages for a worker without a result: it timed out, it died, or it lacks a compiler."""

from __future__ import annotations

import signal

from torchkata.errors import WorkerDiedError
from torchkata.i18n import EMPTY, Message, _, join
from torchkata.sandbox.deadline import Deadline, Reason


def timeout(deadline: Deadline, limit: float, line: int) -> Message:
    """Return the message for a request that took longer than its limit.

    Args:
        deadline: of the request.
        limit: in seconds.
        line: of the submission that was running; 0 if unknown.
    """
    running = _("Line {line} was running.", line=line) if line else EMPTY
    match deadline.reason:
        case Reason.COMPUTED:
            text = _("Stopped: no result within {limit:g} s of computing.", limit=limit)
            return join(text, running)
        case Reason.WAITED:
            text = _(
                "Stopped: no result within {limit:g} s. Most of that time the code waited, for "
                "example for a sleep, a lock or another thread.",
                limit=limit,
            )
            return join(text, _("Line {line} was waiting.", line=line) if line else EMPTY)
        case Reason.HELD_UP:
            text = _(
                "Stopped: no result after {wall:.0f} s, although the code has computed for only "
                "{computed:.1f} s. Either it waits for other processes, or the machine is too "
                "busy.",
                wall=deadline.wall,
                computed=deadline.computed,
            )
            return join(text, running)


def total_timeout(limit: float) -> Message:
    """Return the message for requests that took too long together, though not individually."""
    return _(
        "Stopped: the calls took more than {limit:g} s in total, although each stayed under the "
        "limit for a single call.",
        limit=limit,
    )


def protocol_violation(detail: Message) -> Message:
    """Return the message for a worker whose reply cannot be read."""
    return _(
        "{detail} The result cannot be graded. Do not touch the pipes and threads of the process: "
        "return the result from the function.",
        detail=detail,
    )


def worker_died(status: int | None) -> WorkerDiedError:
    """Return the error for the end of a process, by its exit status.

    Args:
        status: the exit code, or the negative number of a signal; None if the process is still
            running.
    """
    if status is None:
        return WorkerDiedError(
            "exit",
            _("The code closed its connection to the judge. Return the result instead."),
        )
    if status >= 0:
        return WorkerDiedError(
            "exit",
            _(
                "The code ended the whole process (exit code {status}), for example with "
                "os._exit() or quit(). Return the result from the function; exiting never passes.",
                status=status,
            ),
        )
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    causes = {
        "SIGSEGV": _("a segmentation fault: an invalid memory access"),
        "SIGABRT": _("an abort inside PyTorch or another library"),
        "SIGKILL": _("killed from outside, most likely because memory ran out"),
        "SIGXCPU": _("it used up its CPU time"),
        "SIGSYS": _("a system call that submissions may not make"),
        "SIGXFSZ": _("it wrote a file larger than allowed"),
    }
    cause = causes.get(name, _("a signal"))
    return WorkerDiedError(
        "signal", _("The process was ended by {name} ({cause}).", name=name, cause=cause)
    )


def from_inductor(kind: str, text: str) -> bool:
    """Return whether an exception means that inductor could not compile its program.

    Args:
        kind: the name of the exception's class.
        text: the exception's text, which is PyTorch's.
    """
    if kind == "BackendCompilerFailed":  # raised for every backend
        return "inductor" in text
    return kind in {"InductorError", "InvalidCxxCompiler", "CppCompileError"}


def no_compiler(text: str) -> Message:
    """Return the message for a submission that used inductor where no C++ compiler can run.

    Args:
        text: the text of inductor's exception.
    """
    return _(
        "This cannot be graded here: inductor, the default backend of torch.compile, needs a C++ "
        "compiler, and none could be run ({detail}). Use plain torch.compile, for which the judge "
        "substitutes another backend, or leave out the compilation.",
        detail=text.strip().partition("\n")[0][:200],
    )
