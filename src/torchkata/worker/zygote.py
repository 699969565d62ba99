"""The warm process that workers are forked from: has imported torch, holds no secret.

It runs no op: a process forked after a parallel op would hang in its own first one. It serves
one-line commands on a socket: `fork` (with three descriptors) and `reap` (of a process id).
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
    become_subreaper,
    confine,
    die_with_parent,
    readable_paths,
)
from torchkata.worker.wire.channel import Channel

_MOST_MESSAGE: Final = 65536
_MOST_ROUNDS: Final = 100
_TEMPORARY: Final = 10  # first descriptor above all those that `_arrange` assigns
_MOST_DESCRIPTORS: Final = 65536


def main(control: int) -> None:
    """Serve commands until the judge exits.

    Args:
        control: the descriptor of a connected socket.
    """
    die_with_parent()
    become_subreaper()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the judge handles Ctrl-C
    link = socket.socket(fileno=control)
    _import_libraries()
    link.sendall(b"ready\n")
    workers: set[int] = set()
    while True:
        try:
            message, descriptors, _flags, _address = socket.recv_fds(link, _MOST_MESSAGE, 3)
        except ConnectionResetError:  # the judge exited before it read that all is ready
            return
        if not message:
            return
        command = json.loads(message)
        if command["do"] == "reap":
            link.sendall(_line(_reap(command["pid"], workers)))
            continue
        if command["compiles"]:
            _import_compilers()
        pid = os.fork()
        if pid == 0:
            link.detach()
            os.close(control)
            _become_worker(descriptors, command)
        workers.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
        link.sendall(_line({"pid": pid}))


def _line(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply).encode() + b"\n"


def _import_libraries() -> None:
    tempfile.tempdir = "/tmp"  # noqa: S108 - torch._dynamo asks for it; a worker cannot write there
    import cloudpickle  # noqa: F401, PLC0415
    import numpy as np  # noqa: F401, PLC0415
    import torch  # noqa: PLC0415
    import torch._dynamo  # noqa: PLC0415 - saves a second in each optimizer's first step

    torch.set_num_threads(1)
    import torchkata.probes  # noqa: F401, PLC0415 - used by graders' probes
    from torchkata.worker import (  # noqa: PLC0415 - after torch
        builtin_probes,  # noqa: F401
        explaining_probes,  # noqa: F401
        global_state,  # noqa: F401
        watched_calls,  # noqa: F401
    )
    from torchkata.worker import main as worker  # noqa: F401, PLC0415 - after torch
    from torchkata.worker.meters.conversions import watch_conversions  # noqa: PLC0415 - after torch
    from torchkata.worker.meters.dispatch_meter import follow_threads  # noqa: PLC0415 - after torch
    from torchkata.worker.receipts import probe  # noqa: F401, PLC0415 - after torch

    watch_conversions()
    follow_threads()
    gc.collect()
    gc.freeze()


def _import_compilers() -> None:
    """Import the modules that `torch.compile` imports at its first call, once."""
    if "torch._inductor.compile_fx" in sys.modules:
        return
    import torch._dynamo.repro.after_dynamo  # noqa: PLC0415 - only if requested
    import torch._inductor.compile_fx  # noqa: F401, PLC0415 - only if requested

    gc.collect()
    gc.freeze()


def _reap(pid: int, workers: set[int]) -> dict[str, Any]:
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        return {"status": None}
    workers.discard(pid)
    _kill_orphans(workers)
    return {"status": os.waitstatus_to_exitcode(status)}


def _kill_orphans(workers: set[int]) -> None:
    """Kill the child processes of dead workers, which are now children of this process."""
    for _round in range(_MOST_ROUNDS):
        try:
            text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
        except OSError:
            return  # a platform without this list does not reparent children to us either
        orphans = {int(pid) for pid in text.split()} - workers
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
        request, reply = _arrange(descriptors)
        level = "none"
        if command["core"] is not None:
            os.sched_setaffinity(0, {command["core"]})
        folder = command["folder"]
        if folder is not None:
            tempfile.tempdir = f"{folder}/tmp"  # noqa: S108 - created by the judge for this worker
        if command["confine"]:
            level = confine(
                Limits(**command["limits"]),
                readable=[*readable_paths(), *([folder] if folder else [])],
                writable=[f"{folder}/tmp", "/dev/shm"] if folder else [],  # noqa: S108 - shared memory
                allow_processes=folder is not None,
                private=folder or "",
            ).level
        serve(request, reply, level)
    except BaseException:  # noqa: BLE001 - printed to the log, which the judge reads
        traceback.print_exc()
    finally:
        os._exit(1)  # skips the zygote's own shutdown handlers


def _arrange(descriptors: list[int]) -> tuple[int, int]:
    """Move the pipes to fixed descriptors, and close all others.

    Args:
        descriptors: for requests, replies and printed text.

    Returns:
        The descriptors for requests and replies.
    """
    import fcntl  # noqa: PLC0415 - does not exist on every platform

    request, reply, log = (fcntl.fcntl(fd, fcntl.F_DUPFD, _TEMPORARY) for fd in descriptors)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(request, 3)
    os.dup2(reply, 4)
    os.closerange(5, _MOST_DESCRIPTORS)
    return 3, 4


def serve(request: int, reply: int, level: str) -> None:
    """Serve requests in this process until the judge closes the pipe, then exit at once.

    Args:
        request: the descriptor to read from.
        reply: the descriptor to write to.
        level: how far the process is confined, for the judge.
    """
    from torchkata.worker import main as worker  # noqa: PLC0415 - a spawned worker imports it here
    from torchkata.worker.wire import encoding  # noqa: PLC0415 - likewise

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.configure_process(level)
    channel = Channel(request, reply)
    channel.send(encoding.encode({"confined": level}))
    worker.serve_requests(channel)
    os._exit(0)


def spawned_main(*, confined: bool) -> None:
    """Run a worker on a platform without fork; its pipes are the descriptors 0, 1 and 2.

    Args:
        confined: whether to confine the process.
    """
    request, reply = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    die_with_parent()
    _import_libraries()
    level = confine(Limits(), readable=readable_paths()).level if confined else "none"
    serve(request, reply, level)
