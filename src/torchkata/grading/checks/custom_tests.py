"""A grader's custom tests: what they may request of a submission and of the reference."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import cloudpickle
import torch

from torchkata.errors import CheckFailed, CourseError, KataError
from torchkata.grading.checks.claims import recorded_figures
from torchkata.grading.checks.metering import Measurement, read_meters
from torchkata.grading.data_dir import DataDir
from torchkata.grading.outcome import Outcome, failed, passed
from torchkata.grading.session import ProbeCall, Session, cost_row
from torchkata.i18n import Message, _, verbatim
from torchkata.result import CPU
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes

ARGUMENTS: Final = ("submission", "reference", "device", "generator", "files")
"""The arguments that a custom test may take."""


@dataclass(frozen=True)
class Target:
    """A submission or the reference, to run probes on.

    A probe is a function of the grader, `probe(module, *arguments)`: it runs in the worker, where
    `module` is the submission, and returns plain data, tensors, or containers of these. It may use
    torch, and imports everything else in its own body.

    Attributes:
        session: the exercise under judgment.
        trusted: whether this is the reference.
    """

    session: Session
    trusted: bool

    def run(self, probe: Callable[..., Any], *arguments: Any, device: str = CPU) -> Any:
        """Run a probe with the tensors among its arguments on `device`; return its result.

        Results on the twin device return as CPU tensors.
        """
        return self._request(builtin_probes.run_on, probe, arguments, device)

    def call(self, entry: str, *arguments: Any) -> Any:
        """Call an entry point."""
        if self.trusted:
            return self.session.expect(entry, arguments)
        self.session.note(
            ProbeCall(probe=builtin_probes.call, arguments=lambda: (entry, *arguments))
        )
        (value,), _timing = self.session.processes.worker_on().call(entry, [arguments])
        return value

    def measure(
        self,
        probe: Callable[..., Any],
        *arguments: Any,
        device: str = CPU,
        ops: bool = True,
        memory: bool = False,
    ) -> Measurement:
        """Run a probe under meters."""
        reply = self._request(
            builtin_probes.run_metered,
            probe,
            arguments,
            device,
            ops=ops,
            memory=memory,
            audit=not self.trusted,
        )
        return read_meters(reply, with_lines=not self.trusted)

    def add_cost(self, who: str, case: str, **metrics: float) -> None:
        """Show costs that a test measured itself in the cost table.

        Args:
            who: `yours`, `reference`, or the name of a baseline.
            case: the label of the case, such as its sizes.
            metrics: as in `CostRow`.
        """
        self.session.add_costs((cost_row(who, verbatim(case), None, **metrics),))

    def _request(
        self,
        harness: Callable[..., Any],
        probe: Callable[..., Any],
        arguments: tuple[Any, ...],
        device: str,
        **keywords: Any,
    ) -> Any:
        session, processes = self.session, self.session.processes
        cloudpickle.register_pickle_by_value(session.exercise.grader.module)

        def request(worker: WorkerClient) -> Any:
            return worker.run(harness, probe, arguments, device, **keywords)

        if self.trusted:
            return processes.trusted(lambda: request(processes.reference_on(device)))
        session.note(ProbeCall(probe=probe, arguments=lambda: arguments, device=device))
        return request(processes.worker_on(device))


def takes_device(test: Callable[..., None]) -> bool:
    """Return whether a custom test runs once per device."""
    return "device" in inspect.signature(test).parameters


def description(test: Callable[..., None]) -> Message:
    """Return the docstring of a custom test."""
    return Message((inspect.getdoc(test) or "").strip())


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What a custom test, or a test of a spec class, may use.

    Attributes:
        submission: the submission.
        reference: the reference.
        device: the device under judgment.
        generator: a random generator of this test.
        session: the session of the exercise.
    """

    submission: Target
    reference: Target
    device: str
    generator: torch.Generator
    session: Session

    @property
    def files(self) -> DataDir:
        """Writes data that the workers may read; created when it is first used."""
        return self.session.processes.data_dir


def arguments_for(session: Session, purpose: str, device: str) -> Arguments:
    """Return what a test may use.

    Args:
        session: the session of the exercise.
        purpose: distinguishes the random generators of the tests.
        device: the device under judgment.
    """
    return Arguments(
        submission=Target(session, trusted=False),
        reference=Target(session, trusted=True),
        device=device,
        generator=session.random.generator(session.exercise.id, purpose),
        session=session,
    )


def run_custom_test(session: Session, test: Callable[..., None], device: str) -> Outcome:
    """Run a custom test.

    Raises:
        CheckFailed: a claim of the test does not hold.
        CourseError: the test itself is at fault.
    """
    available = arguments_for(session, test.__name__, device)
    wanted = inspect.signature(test).parameters
    unknown = sorted(set(wanted) - set(ARGUMENTS))
    if unknown:
        raise CourseError(
            f"{test.__name__} takes {', '.join(unknown)}; a test may take {', '.join(ARGUMENTS)}."
        )
    arguments = {name: getattr(available, name) for name in wanted}
    return outcome_of(partial(test, **arguments), description(test))


def outcome_of(claims: Callable[[], None], described: Message) -> Outcome:
    """Return the outcome of claims: passed if all hold.

    Args:
        claims: make the claims.
        described: what they claim, in a sentence.

    Raises:
        CheckFailed: a claim does not hold.
    """
    try:
        with recorded_figures() as figures:
            claims()
    except AssertionError as error:
        message = Message(str(error)) if str(error) else _("Expected: {test}", test=described)
        raise CheckFailed(message) from error
    except KataError:
        raise
    except Exception as error:  # noqa: BLE001 - a strange result can break any test
        return failed(
            "wrong-form",
            _(
                "The result has another form than expected ({error}); the stub says what to "
                "return. Checked: {test}",
                error=f"{type(error).__name__}: {error}",
                test=described,
            ),
        )
    return passed(metrics=figures)
