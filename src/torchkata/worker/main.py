"""The untrusted process: loads one submission and answers the judge's requests about it.

Nothing that it says about itself is evidence; values, shapes and times are judged from outside.
"""

from __future__ import annotations

import gc
import linecache
import os
import sys
import traceback
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from torchkata.i18n import _
from torchkata.worker.frames import PREFIX
from torchkata.worker.wire import encoding
from torchkata.worker.wire.channel import DONE, GO, READY, SEND, Channel

MODULE: Final = "submission"
_MOST_TEXT: Final = 2000


def serve(channel: Channel) -> None:
    """Answer requests until the judge closes the pipe."""
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    gc.freeze()
    answers: dict[str, Callable[..., None]] = {"load": _load, "call": _call, "run": _run}
    while True:
        try:
            request = channel.receive()
        except Exception as error:  # noqa: BLE001 - a probe that cannot be loaded here
            channel.send(encoding.encode(_failure(error)))
            continue
        if not isinstance(request, dict):
            return
        answers[request.pop("do")](channel, module, **request)


def _load(
    channel: Channel, module: types.ModuleType, source: bytes, file: str, bind: dict[str, str]
) -> None:
    """Compile and execute the submission's bytes; `bind` lets a name stand for another."""

    def load() -> None:
        name = PREFIX + file
        text = source.decode("utf-8-sig")
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        module.__file__ = name
        exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - its job
        for entry, other in bind.items():
            setattr(module, entry, getattr(module, other))

    _reply(channel, _outcome(load))


def _call(
    channel: Channel, module: types.ModuleType, entry: str, calls: list[tuple[object, ...]]
) -> None:
    """Call one function on each tuple of arguments, with the judge's clock read at every step."""

    def call() -> list[object]:
        function = getattr(module, entry)
        return [function(*arguments) for arguments in calls]

    channel.handshake(READY, GO)
    gc.disable()
    outcome = _outcome(call)
    gc.enable()
    channel.handshake(DONE, SEND)
    _reply(channel, outcome)


def _run(
    channel: Channel,
    module: types.ModuleType,
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    keywords: dict[str, object],
) -> None:
    """Run the judge's probe on the submission."""
    _reply(channel, _outcome(lambda: probe(module, *arguments, **keywords)))


def _outcome(function: Callable[[], object]) -> dict[str, object]:
    try:
        return {"value": function()}
    except SystemExit as error:  # `sys.exit()` in a submission is an error like any other
        return _failure(error)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the judge has to know
        return _failure(error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # a submission may have put anything in their place
                stream.flush()


def _reply(channel: Channel, outcome: dict[str, object]) -> None:
    """Answer; what cannot be written down is reported as an error of the submission."""
    try:
        channel.send(encoding.encode(_plain(outcome)))
    except BrokenPipeError:
        raise SystemExit(1) from None
    except BaseException as error:  # noqa: BLE001 - say why there is no answer
        channel.send(encoding.encode(_failure(error)))


def _plain(outcome: dict[str, object]) -> dict[str, object]:
    """Bring tensors of the twin device home: only plain tensors cross the wire."""
    if "value" in outcome and "torchkata.worker.twin.device" in sys.modules:
        from torchkata.worker.twin.device import to_host  # noqa: PLC0415 - only where it is registered

        return {"value": to_host(outcome["value"])}
    return outcome


def _failure(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(PREFIX)]
    line = own[-1].lineno if own else None
    if isinstance(error, SyntaxError) and str(error.filename).startswith(PREFIX):
        line = error.lineno
    bare = type(error) is NotImplementedError and not error.args
    return {
        "error": type(error).__name__[:200],
        "message": _text(error),
        "line": line,
        "todo": bare and bool(own) and frames[-1] is own[-1],
    }


def _text(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - a learner's own __str__ may raise
        text = _("(its text cannot be shown)")
    return str(text)[:_MOST_TEXT].encode("utf-8", "replace").decode()


def settle() -> None:
    """Make the process as every judgement needs it: one thread, no input, an anonymous argv."""
    import torch  # noqa: PLC0415 - a spawned worker imports it here, a forked one has it

    from torchkata.probes import quick_backend  # noqa: PLC0415 - it knows torch

    torch.set_num_threads(1)
    quick_backend()
    sys.argv = [MODULE]
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - stays open for the process's life
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
