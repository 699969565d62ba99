"""The untrusted process: loads one submission and replies to the judge's requests about it.

What it says about itself proves nothing; values, shapes and times are judged from outside. It
speaks data and English, never another language: the judge translates.
"""

from __future__ import annotations

import builtins
import errno
import gc
import linecache
import os
import socket
import sys
import traceback
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from torchkata.worker.frames import PREFIX, print_stack_on_request
from torchkata.worker.wire import encoding
from torchkata.worker.wire.channel import DONE, GO, READY, SEND, Channel

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

MODULE: Final = "submission"
_MOST_NAME: Final = 200
_MOST_TEXT: Final = 2000
_MOST_CAUSES: Final = 10
_REFUSALS: Final = (errno.EACCES, errno.EPERM, errno.EROFS, socket.EAI_AGAIN)
_confined: list[str] = []  # the level of confinement, if there is one


def serve_requests(channel: Channel) -> None:
    """Serve requests until the judge closes the pipe."""
    from torchkata.worker import global_state, seeding  # noqa: PLC0415 - these import torch

    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    settings = global_state.snapshot()
    seeding.watch()
    gc.freeze()
    handlers: dict[str, Callable[..., dict[str, object]]] = {
        "load": _load,
        "call": _call,
        "run": _run,
    }
    calls: list[tuple[object, ...]] = []
    while True:
        try:
            request = channel.receive()
        except Exception as error:  # noqa: BLE001 - a probe that cannot be unpickled here
            channel.send(encoding.encode(_failure(error)))
            continue
        if not isinstance(request, dict):
            return
        kind = request.pop("do")
        if kind == "argument":  # what the last block of calls has left of it
            _reply(channel, {"value": list(calls[request["call"]])})
            continue
        calls = request.get("calls", [])
        outcome = handlers[kind](channel, module, **request)
        if kind == "load":
            seeding.forget()  # a seed at the top of a file is for its author's own experiments
        if changed := global_state.changed_since(settings):
            outcome["changed"] = changed
        _reply(channel, outcome)


def _load(
    _channel: Channel, module: types.ModuleType, source: bytes, file: str, bind: dict[str, str]
) -> dict[str, object]:
    """Compile and execute the submission; `bind` makes a name an alias of another one."""

    def load() -> None:
        name = PREFIX + file
        text = source.decode("utf-8-sig")
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        module.__file__ = name
        exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - its job
        for entry, other in bind.items():
            setattr(module, entry, getattr(module, other))

    return _outcome(load)


def _call(
    channel: Channel, module: types.ModuleType, entry: str, calls: list[tuple[object, ...]]
) -> dict[str, object]:
    """Call a function on each tuple of arguments; the judge reads its clock at every step."""

    def call() -> list[object]:
        function = getattr(module, entry)
        return [function(*arguments) for arguments in calls]

    channel.handshake(READY, GO)
    gc.disable()
    outcome = _outcome(call)
    gc.enable()
    channel.handshake(DONE, SEND)
    return outcome


def _run(
    _channel: Channel,
    module: types.ModuleType,
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    keywords: dict[str, object],
) -> dict[str, object]:
    """Run the judge's probe on the submission."""
    return _outcome(lambda: probe(module, *arguments, **keywords))


def _outcome(function: Callable[[], object]) -> dict[str, object]:
    try:
        return {"value": function()}
    except SystemExit as error:  # `sys.exit()` in a submission is an error like any other
        return _failure(error)
    except BaseException as error:  # noqa: BLE001 - the judge has to know, whatever it is
        return _failure(error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # a submission may have replaced them
                stream.flush()


def _reply(channel: Channel, outcome: dict[str, object]) -> None:
    """Send the outcome; a value that cannot be encoded is reported as the submission's error."""
    try:
        channel.send(encoding.encode(_without_twin(outcome)))
    except BrokenPipeError:
        raise SystemExit(1) from None
    except BaseException as error:  # noqa: BLE001 - report why there is no value
        channel.send(encoding.encode(_failure(error)))


def _without_twin(outcome: dict[str, object]) -> dict[str, object]:
    """Copy tensors of the twin device to the CPU, because only plain tensors can be encoded."""
    if "value" in outcome and "torchkata.worker.twin.device" in sys.modules:
        from torchkata.worker.twin.device import to_host  # noqa: PLC0415 - only if it is registered

        return {**outcome, "value": to_host(outcome["value"])}
    return outcome


def _failure(error: BaseException) -> dict[str, object]:
    """Describe an exception as plain data.

    Returns:
        `error` (the class name), `message` (English), `line` of the submission or None, `todo`
        (whether it is the bare NotImplementedError of a stub), `of_torch` (whether code of PyTorch
        raised it), `twin_limit` (whether it shows what the twin cannot run), and the `details` that
        exceptions of the engine carry: plain data, from which the judge builds a message that it
        can translate.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(PREFIX)]
    line = own[-1].lineno if own else None
    if isinstance(error, SyntaxError) and str(error.filename).startswith(PREFIX):
        line = error.lineno
    bare = type(error) is NotImplementedError and not error.args
    details = vars(error).get("details")
    limits = sys.modules.get("torchkata.worker.twin.limits")  # only if the twin is registered
    return {
        "error": type(error).__name__[:_MOST_NAME],
        "message": _text(error) if limits is None else limits.readable(_text(error)),
        "line": line,
        "todo": bare and bool(own) and frames[-1] is own[-1],
        "of_torch": _is_raised_by_torch(error),
        "twin_limit": limits is not None and limits.is_limit(error),
        "details": {
            **(details if type(details) is dict else {}),
            **_cause(error),
            **_source(error, line),
            **_refusal(error),
        },
    }


def _is_raised_by_torch(error: BaseException) -> bool:
    """Return whether PyTorch raised an exception of its own, outside of the submission's code."""
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    if not frames or frames[-1].f_code.co_filename.startswith(PREFIX):
        return False
    return _is_of_torch(type(error).__module__) and any(
        _is_of_torch(name) and vars(sys.modules[name]) is frame.f_globals
        for frame in frames
        if (name := str(frame.f_globals.get("__name__"))) in sys.modules
    )


def _is_of_torch(module: str) -> bool:
    return module.startswith("torch.")


def _cause(error: BaseException) -> dict[str, object]:
    """Describe the exception that the submission caught before it raised this one; else empty."""
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    if cause is None:
        return {}
    frames = traceback.extract_tb(cause.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.startswith(PREFIX)]
    if not lines:  # the submission did not see it either
        return {}
    return {
        "cause": type(cause).__name__[:_MOST_NAME],
        "cause_text": _text(cause),
        "cause_line": lines[-1] or 0,
    }


def _refusal(error: BaseException) -> dict[str, object]:
    """Tell whether the confinement refused a file, the network or a program; else empty."""
    if not _confined or not isinstance(error, OSError):
        return {}
    known: BaseException | None = error
    for _step in range(_MOST_CAUSES):
        if known is None:
            break
        if isinstance(known, OSError) and (
            known.errno in _REFUSALS or "No usable temporary directory" in str(known)
        ):
            return {"refused": 1}
        known = known.__cause__ or known.__context__
    return {}


def _source(error: BaseException, line: int | None) -> dict[str, object]:
    """Return the text of a line that is not valid Python."""
    if not isinstance(error, SyntaxError) or line is None:
        return {}
    return {"source": (error.text or "").strip()}


def _text(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - a submission's own __str__ may raise
        text = "(its text cannot be shown)"
    return str(text)[:_MOST_TEXT].encode("utf-8", "replace").decode()


class NoTerminalError(Exception):
    """Raised by `breakpoint()`."""


def _refuse_debugger(*_arguments: object, **_keywords: object) -> None:
    raise NoTerminalError


def configure_process(level: str) -> None:
    """Set up the process for grading: one thread, no input, an anonymous argv.

    Args:
        level: how far it is confined.
    """
    if level != "none":
        _confined.append(level)
    import torch  # noqa: PLC0415 - a spawned worker imports it here, a forked one has it already

    from torchkata.probes import use_eager_backend  # noqa: PLC0415 - imports torch

    torch.set_num_threads(1)
    use_eager_backend()
    print_stack_on_request()
    sys.breakpointhook = _refuse_debugger
    sys.argv = [MODULE]
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - stays open for the process's life
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
