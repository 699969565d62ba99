"""The warm process that workers are forked from: has torch imported, runs no op, holds no secret.

Children of a process that ran a parallel op hang in their own first one, so this one never does.
It obeys one-line commands on a socket: `fork` (with three descriptors) and `reap PID`.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, Final

from torchkata.worker.confinement.confine import (
    Limits,
    adopt_orphans,
    confine,
    die_with_parent,
    readable_paths,
)
from torchkata.worker.wire.channel import Channel

_MOST_MESSAGE: Final = 65536
_MOST_ROUNDS: Final = 100
_ABOVE: Final = 100  # clear of every descriptor that `_place` fills
_MOST_DESCRIPTORS: Final = 65536


def main(control: int) -> None:
    """Serve until the judge goes away."""
    die_with_parent()
    adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's to handle
    link = socket.socket(fileno=control)
    _warm()
    link.sendall(b"ready\n")
    workers: set[int] = set()
    while True:
        try:
            message, descriptors, _flags, _address = socket.recv_fds(link, _MOST_MESSAGE, 3)
        except ConnectionResetError:  # the judge went before it had read that all is ready
            return
        if not message:
            return
        command = json.loads(message)
        if command["do"] == "reap":
            link.sendall(_line(_reap(command["pid"], workers)))
            continue
        if command["compiles"]:
            _warm_compilers()
        pid = os.fork()
        if pid == 0:
            link.detach()
            os.close(control)
            _become_worker(descriptors, command)
        workers.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
        link.sendall(_line({"pid": pid}))


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _warm() -> None:
    tempfile.tempdir = "/tmp"  # noqa: S108 - importing torch._dynamo asks; a worker cannot write there
    import cloudpickle  # noqa: F401, PLC0415
    import numpy as np  # noqa: F401, PLC0415
    import torch  # noqa: PLC0415
    import torch._dynamo  # noqa: PLC0415 - a second that each optimizer's first step would take

    torch.set_num_threads(1)
    import torchkata.probes  # noqa: F401, PLC0415 - graders' probes name it
    from torchkata.worker import builtin_probes  # noqa: F401, PLC0415 - after torch
    from torchkata.worker import main as worker  # noqa: F401, PLC0415 - after torch

    gc.collect()
    gc.freeze()


def _warm_compilers() -> None:
    """Import what `torch.compile` imports at its first call; nothing where that was done before."""
    if "torch._inductor.compile_fx" in sys.modules:
        return
    import torch._dynamo.repro.after_dynamo  # noqa: PLC0415 - only where it is asked for
    import torch._inductor.compile_fx  # noqa: F401, PLC0415 - only where it is asked for

    gc.collect()
    gc.freeze()


def _reap(pid: int, workers: set[int]) -> dict[str, Any]:
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        return {"status": None}
    workers.discard(pid)
    _end_orphans(workers)
    return {"status": os.waitstatus_to_exitcode(status)}


def _end_orphans(workers: set[int]) -> None:
    """End what a dead worker's own children left behind: they are this process's children now."""
    for _ in range(_MOST_ROUNDS):
        try:
            text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
        except OSError:
            return  # no such list here, and no adopted children either
        orphans = {int(word) for word in text.split()} - workers
        if not orphans:
            return
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
            os.waitpid(orphan, 0)


def _become_worker(descriptors: list[int], command: dict[str, Any]) -> None:
    """Turn the forked child into a confined worker; never returns."""
    try:
        os.setsid()
        die_with_parent()
        request, answer = _place(descriptors)
        level = "none"
        if command["core"] is not None:
            os.sched_setaffinity(0, {command["core"]})
        folder = command["folder"]
        if folder is not None:
            tempfile.tempdir = f"{folder}/tmp"  # noqa: S108 - the judge made it for this worker
        if command["confine"]:
            level = confine(
                Limits(**command["limits"]),
                readable=[*readable_paths(), *([folder] if folder else [])],
                writable=[f"{folder}/tmp", "/dev/shm"] if folder else [],  # noqa: S108 - shared memory
                allow_processes=folder is not None,
                private=folder or "",
            ).level
        serve_on(request, answer, level)
    except BaseException:  # noqa: BLE001 - shown in the log, which the judge reads
        traceback.print_exc()
    finally:
        os._exit(1)  # nothing of the zygote's own shutdown runs in a child


def _place(descriptors: list[int]) -> tuple[int, int]:
    """Put requests, answers and the log at fixed descriptors; close everything else."""
    request, answer, log = (os.dup2(fd, _ABOVE + n) for n, fd in enumerate(descriptors))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(request, 3)
    os.dup2(answer, 4)
    os.closerange(5, _MOST_DESCRIPTORS)
    return 3, 4


def serve_on(request: int, answer: int, level: str) -> None:
    """Answer requests in this process until the judge closes the pipe, then leave at once."""
    from torchkata.worker import main as worker  # noqa: PLC0415 - a spawned worker comes here cold
    from torchkata.worker.wire import encoding as wire  # noqa: PLC0415 - a spawned worker comes here cold

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.settle()
    channel = Channel(request, answer)
    channel.send(wire.encode({"confined": level}))
    worker.serve(channel)
    os._exit(0)


def spawned(*, confined: bool) -> None:
    """Be a worker started on its own, where fork is not to be had: the pipes come as 0, 1 and 2."""
    request, answer = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    die_with_parent()
    _warm()
    level = confine(Limits(), readable=readable_paths()).level if confined else "none"
    serve_on(request, answer, level)
