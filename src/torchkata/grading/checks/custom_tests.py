"""Plain tests of a grader: what they may ask of a submission and of the reference."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cloudpickle

from torchkata.course.translations import told
from torchkata.errors import CheckFailed, CourseError, KataError
from torchkata.grading.checks.evidence import Question
from torchkata.grading.checks.metering import read_meters
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.sandbox.worker_client import Worker
from torchkata.worker import builtin_probes
from torchkata.worker.meters.counts import MemoryUse, OpCount

OFFERED = ("submission", "reference", "device", "generator", "files")
"""The arguments that a plain test may take."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a probe returned, and what it cost.

    Attributes:
        value: plain data and CPU tensors.
        ops: dispatched ATen ops.
        memory: peak and held bytes, where asked for.
        synchronisations: (op, line) of each host synchronisation, on the twin device.
    """

    value: Any
    ops: OpCount | None = None
    memory: MemoryUse | None = None
    synchronisations: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True)
class Subject:
    """A submission or the reference, to be asked by probes.

    A probe is a function of the grader, `probe(module, *arguments)`: it runs in the worker, where
    `module` is the submission, and returns plain data, tensors, or containers of these. It may use
    torch, and imports what else it needs in its own body.

    Attributes:
        session: the exercise under judgement.
        trusted: whether this is the reference.
    """

    session: Session
    trusted: bool

    def run(self, probe: Callable[..., Any], *arguments: Any, device: str = "cpu") -> Any:
        """Run a probe with the tensors among its arguments on `device`; return what it returns.

        Results of the twin device come home as CPU tensors.
        """
        return self._ask(builtin_probes.run_on, probe, arguments, device)

    def call(self, entry: str, *arguments: Any) -> Any:
        """Call an entry point."""
        if self.trusted:
            return self.session.expect(entry, arguments)
        self.session.asked = Question(
            probe=builtin_probes.call, arguments=lambda: (entry, *arguments)
        )
        (value,), _timing = self.session.worker.call(entry, [arguments])
        return value

    def measure(
        self,
        probe: Callable[..., Any],
        *arguments: Any,
        device: str = "cpu",
        ops: bool = True,
        memory: bool = False,
    ) -> Measured:
        """Run a probe under meters."""
        answer = self._ask(
            builtin_probes.measured, probe, arguments, device, ops=ops, memory=memory
        )
        read = read_meters(answer, lined=not self.trusted)
        return Measured(
            value=read["value"],
            ops=read.get("ops"),
            memory=read.get("memory"),
            synchronisations=tuple(read.get("synchronisations", ())),
        )

    def _ask(
        self,
        harness: Callable[..., Any],
        probe: Callable[..., Any],
        arguments: tuple[Any, ...],
        device: str,
        **keywords: Any,
    ) -> Any:
        cloudpickle.register_pickle_by_value(self.session.exercise.grader.module)

        def ask(worker: Worker) -> Any:
            return worker.run(harness, probe, arguments, device, **keywords)

        if self.trusted:
            return self.session.trusted(lambda: ask(self.session.reference_on(device)))
        self.session.asked = Question(probe=probe, arguments=lambda: arguments, device=device)
        return ask(self.session.worker_on(device))


def wants_device(test: Callable[..., None]) -> bool:
    """Whether a plain test runs once per device."""
    return "device" in inspect.signature(test).parameters


def run_plain(session: Session, test: Callable[..., None], device: str) -> None:
    """Run a plain test.

    Raises:
        CheckFailed: it found a fault.
        CourseError: the test itself is at fault.
    """
    offers: dict[str, Any] = {
        "submission": Subject(session, trusted=False),
        "reference": Subject(session, trusted=True),
        "device": device,
        "generator": session.seeds.generator(session.exercise.id, test.__name__),
    }
    wanted = inspect.signature(test).parameters
    if "files" in wanted:
        offers["files"] = session.files
    unknown = sorted(set(wanted) - set(offers))
    if unknown:
        raise CourseError(
            f"{test.__name__} asks for {', '.join(unknown)}; a test may take {', '.join(OFFERED)}."
        )
    try:
        test(**{name: offers[name] for name in wanted})
    except AssertionError as error:
        raise CheckFailed(
            told(str(error)) or _("{test} does not hold.", test=test.__name__)
        ) from error
    except KataError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a strange answer makes a test stumble with
        _blame(test, error)


def _blame(test: Callable[..., None], error: Exception) -> None:
    """A test that stumbles over an answer fails the submission; over its own feet, the course."""
    raise CheckFailed(
        _(
            "The answer has another form than was asked for ({error}); see the stub's text on what "
            "to return. Found by: {test}",
            error=f"{type(error).__name__}: {error}",
            test=told((inspect.getdoc(test) or "").strip()),
        )
    ) from error
