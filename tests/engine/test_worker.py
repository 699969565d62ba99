"""Workers from the judge's side: their imports, deadlines, and errors as data."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch

from torchkata.errors import SubmissionError, Unmeasurable, WorkerDiedError
from torchkata.i18n import Translator
from torchkata.sandbox import worker_client
from torchkata.sandbox.launcher import Launcher, WorkerConfig
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.sandbox.worker_errors import reported_error
from torchkata.worker import builtin_probes
from torchkata.worker.twin.messages import TEMPLATES
from torchkata.worker.wire import encoding

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import tests

SHARED = (
    "errors",
    "i18n",
    "probes",
    "result",
    "worker",
)  # packages that share the worker's interpreter

SOURCE = b"""
import torch

def on_cpu(x):
    return x + torch.zeros(3)

def explicit(x):
    return x.cuda()

def custom(x):
    raise ValueError("{x.__class__} {0}")

def forged(x):
    error = RuntimeError("text")
    error.details = {"messages": [{"key": "no_such_key", "values": {}}], "limit": 5}
    raise error
"""


@pytest.fixture
def worker(launcher: Launcher) -> Iterator[WorkerClient]:
    """Start a worker with the submission above."""
    started = launcher.worker()
    started.load(SOURCE, "00_test.py")
    yield started
    started.close()


def imported(_module: object) -> list[str]:
    """List the imported modules of torchkata; a probe."""
    return sorted(name for name in sys.modules if name.split(".")[0] == "torchkata")


@pytest.mark.parametrize("spawn", [False, True])
def test_a_worker_imports_only_what_shares_its_interpreter(spawn: object, launcher: Launcher):
    """Neither a worker nor the zygote that it was forked from has imported other packages."""
    config = WorkerConfig(spawn=bool(spawn), limit=60)
    with launcher.with_config(config) as starter:
        worker = starter.worker()
        worker.load(b"def f(x):\n    return x\n", "00_test.py")
        for device in ("cpu", "twin:0"):
            worker.run(
                builtin_probes.run_metered, builtin_probes.call, ("f", torch.ones(2)), device
            )

        modules = worker.run(imported)

    packages = {name.split(".")[1] for name in modules if "." in name}
    assert "torchkata.worker.main" in modules
    assert packages <= set(SHARED)


class Sleeping:
    """A process that only sleeps; it is signalled, so it is not this one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(["sleep", "60"])
        self.pid = self._process.pid

    def status(self) -> int | None:
        """Return the exit code."""
        return self._process.poll()


def test_one_request_has_one_deadline(monkeypatch: pytest.MonkeyPatch):
    """A worker that reads slowly and then replies slowly gets one time limit, not two."""
    monkeypatch.setattr(worker_client, "_STACK_SECONDS", 0.0)  # this process prints no stack
    request, reply, log = os.pipe(), os.pipe(), os.pipe()
    limit, size = 2.0, 8 << 20  # larger than a pipe, so that writing it waits for the reader

    def read_late() -> None:
        time.sleep(0.75 * limit)
        left = size
        while left > 0:
            left -= len(os.read(request[0], 1 << 20))

    for chunk in encoding.encode({"confined": "none"}).chunks():
        os.write(reply[1], bytes(chunk))
    client = WorkerClient(Sleeping(), request[1], reply[0], log[0], limit)
    reader = threading.Thread(target=read_late)
    reader.start()
    start = time.monotonic()

    with pytest.raises(WorkerDiedError) as caught:
        client.load(bytes(size), "00_test.py")

    assert caught.value.reason == "timeout"
    assert time.monotonic() - start < 1.5 * limit
    reader.join()
    for descriptor in (request[0], reply[1], log[1]):
        os.close(descriptor)


def raised_by(worker: WorkerClient, entry: str) -> SubmissionError:
    """Return the error of an entry point that is called on the twin."""
    with pytest.raises(SubmissionError) as caught:
        worker.run(builtin_probes.call_and_locate, entry, (torch.ones(3),), "twin:0")
    return caught.value


def test_errors_of_the_twin_are_rebuilt_from_the_templates(worker: WorkerClient):
    """The message has the engine's own templates, with the values that the worker sent."""
    error = raised_by(worker, "on_cpu")

    first, second = error.message, error.message.following[0]
    assert first.template == TEMPLATES["mixed_devices"].template
    assert second.template == TEMPLATES["filled_on_cpu_in_line"].template
    assert second.values == {"line": 5, "call": "zeros(3)"}
    assert (error.kind, error.line) == ("RuntimeError", 5)


def test_errors_of_the_twin_are_translated_by_the_judge(worker: WorkerClient):
    """The worker sends no translation; each language has the same values."""
    error = raised_by(worker, "explicit")

    english, chinese = str(error), Translator("zh-CN")(error.message)

    assert english.startswith("Line 8 names the device CUDA")
    assert chinese != english
    assert "CUDA" in chinese
    assert "8" in chinese


def test_text_of_a_submission_is_never_a_template(worker: WorkerClient):
    """Braces in an exception's text are shown as they are."""
    assert str(raised_by(worker, "custom")) == "{x.__class__} {0}"


def test_unknown_templates_fall_back_to_the_text(worker: WorkerClient):
    """A forged key has no effect; plain details arrive."""
    error = raised_by(worker, "forged")

    assert str(error) == "text"
    assert error.details == {"limit": 5}


KNOWN = {"key": "explicit_device", "values": {"kind": "CUDA"}}

FORGED: list[Any] = [
    None,
    "text",
    [],
    [KNOWN] * 9,
    [{"key": "explicit_device"}],
    [{"key": ["explicit_device"], "values": {}}],
    [{"key": "explicit_device", "values": {}}],
    [{"key": "explicit_device", "values": {"kind": ["CUDA"]}}],
    [{"key": "explicit_device", "values": {"kind": "CUDA", "more": 1}}],
    [{"template": "{kind.__class__}", "values": {"kind": "CUDA"}}],
    [KNOWN, {"key": "no_such_key", "values": {}}],
]


@pytest.mark.parametrize("messages", FORGED, ids=str)
def test_malformed_messages_fall_back_to_the_text(messages: object):
    """Sentences that the engine would not send are ignored."""
    reply = {"error": "RuntimeError", "message": "text", "details": {"messages": [KNOWN]}}
    assert str(reported_error(reply)).startswith("The code names the device CUDA")

    error = reported_error({**reply, "details": {"messages": messages}})

    assert str(error) == "text"


def test_values_of_a_worker_are_bounded():
    """Long text, huge numbers and nested values do not reach a report."""
    details = {
        "messages": [{"key": "explicit_device", "values": {"kind": "x" * 10_000}}],
        "text": "y" * 10_000,
        "large": 10**400,
        "nan": float("nan"),
        "nested": [1],
        "not an identifier": 1,
        "limit": 2.5,
    }

    error = reported_error({"error": "E" * 9000, "message": 3, "line": "7", "details": details})

    assert isinstance(error, SubmissionError)
    assert len(str(error)) < 600
    assert error.details == {"text": "y" * 200, "limit": 2.5}
    assert (len(error.kind), error.line, error.todo) == (2000, None, False)


def test_a_missing_compiler_is_no_fault_of_the_submission():
    """An error of inductor makes a check unmeasurable."""
    reply = {"error": "InvalidCxxCompiler", "of_torch": True}

    assert isinstance(reported_error(reply), Unmeasurable)
    assert isinstance(reported_error({**reply, "of_torch": False}), SubmissionError)


@pytest.mark.skipif(not Path("/proc").exists(), reason="other platforms have no zygote")
def test_launchers_can_share_a_zygote(launcher: Launcher):
    """Closing a launcher that shares a zygote ends its own workers only."""
    kept = launcher.worker()
    with launcher.with_config(WorkerConfig(limit=7)) as other:
        worker = other.worker()
        assert worker.limit == 7

    assert not worker.alive
    assert kept.run(imported)
    assert launcher.worker().close() is not None
    kept.close()
