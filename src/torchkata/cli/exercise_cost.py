"""The command `cost NAME`: what each line of an exercise's submission costs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torchkata.cli.grade import open_launcher
from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource
from torchkata.course.translations import Translations
from torchkata.errors import KataError, SubmissionError, UsageError
from torchkata.grading.formulas import Formulas, costs_at_scale, find_formulas
from torchkata.grading.grade import read_submission
from torchkata.grading.receipts import case_with_sizes, draw_receipt, receipt_case
from torchkata.grading.seeds import random_seed
from torchkata.grading.session import Session
from torchkata.i18n import Message, Translator, _, with_period
from torchkata.learner.progress import Progress
from torchkata.report import receipt_table
from torchkata.report.console import Console
from torchkata.result import State
from torchkata.result.receipt import Receipt


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """The receipts of one function.

    Attributes:
        title: the function and the case.
        yours: what the submission costs.
        reference: what the reference costs, after a pass.
        formulas: how the costs depend on the sizes; None if that is not known.
        reference_formulas: the same of the reference.
        at_scale: what both cost at the sizes of practice; empty if that is not known.
    """

    title: Message
    yours: Receipt
    reference: Receipt | None
    formulas: Formulas | None
    reference_formulas: Formulas | None
    at_scale: Message


def cost(options: argparse.Namespace, translations: Translations) -> int:
    """Print what each line of an exercise's submission costs."""
    course = Course(options.course)
    exercise = course.one(options.name)
    functions = exercise.spec.functions
    if not functions:
        raise UsageError(
            _(
                "The cases of {exercise} are no calls of a function, so there are no costs to "
                "show line by line.",
                exercise=exercise.name,
            )
        )
    sizes = parse_sizes(options.at)
    progress = Progress(course.root)
    has_passed = progress.states(course)[exercise.id] is State.PASSED
    seed = random_seed() if options.seed is None else options.seed
    with open_launcher(options) as launcher:
        session = _session(exercise, launcher, seed)
        try:
            entries = [
                _entry(
                    session,
                    function,
                    case_with_sizes(function, sizes) if sizes else receipt_case(function),
                    beside=has_passed and not exercise.files.examples_only,
                )
                for function in functions
            ]
        finally:
            session.close()
    translate = translations(exercise.id)
    _print(entries, Console(color=False if options.no_color else None), translate)
    if options.json:
        data = [_as_json(entry, translate) for entry in entries]
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return ExitCode.OK


def _session(exercise: Exercise, launcher: object, seed: int) -> Session:
    submission = read_submission(exercise.stub_path)
    if submission is None:
        raise UsageError(_("There is no file {file}.", file=exercise.stub_path))
    return Session(exercise, submission, launcher, RandomSource(seed))  # type: ignore[arg-type]


def _entry(session: Session, function: Function, case: Case, *, beside: bool) -> _Entry:
    """Measure one function.

    Raises:
        KataError: the code raises, or does not end.
    """
    try:
        yours = draw_receipt(session, function, case)
    except SubmissionError as error:
        if error.todo:
            raise KataError(
                _("{function} is still to do, so it has no costs yet.", function=function.name)
            ) from error
        raise KataError(_raised(error, function, case)) from error
    reference = None
    if beside:
        reference = session.processes.trusted(
            lambda: draw_receipt(session, function, case, reference=True)
        )
    theirs = None
    if not session.exercise.files.examples_only:
        theirs = session.processes.trusted(
            lambda: find_formulas(session, function, case, reference=True)
        )
    mine = find_formulas(session, function, case)
    return _Entry(
        title=_("{function}, {case}", function=function.name, case=case.label),
        yours=yours,
        reference=reference,
        formulas=mine,
        reference_formulas=theirs,
        at_scale=costs_at_scale(function.scale, mine, theirs),
    )


def _raised(error: SubmissionError, function: Function, case: Case) -> Message:
    values = {"function": function.name, "kind": error.kind, "text": error.message}
    if error.line:
        return _(
            "{function} raised {kind} in line {line}: {text} Case: {case}.",
            line=error.line,
            case=case.label,
            **{**values, "text": with_period(error.message)},
        )
    return _(
        "{function} raised {kind}: {text} Case: {case}.",
        case=case.label,
        **{**values, "text": with_period(error.message)},
    )


def parse_sizes(texts: Sequence[str]) -> Mapping[str, float]:
    """Parse `n=500,d=10`.

    Raises:
        UsageError: the text has another form.
    """
    sizes: dict[str, float] = {}
    for part in [part for text in texts for part in text.replace(",", " ").split()]:
        name, _equals, value = part.partition("=")
        if not name.isidentifier() or not value.isdecimal():
            raise UsageError(_("--at: expected sizes such as n=500,d=10, got {text!r}.", text=part))
        sizes[name] = int(value)
    return sizes


def _print(entries: Sequence[_Entry], console: Console, translate: Translator) -> None:
    for entry in entries:
        named = [(_("yours"), entry.yours)]
        if entry.reference is not None:
            named.append((_("reference"), entry.reference))
        for who, receipt in named:
            title = entry.title
            if len(named) > 1:
                title = _("{title} ({who})", title=entry.title, who=who)
            console.print_line((console.safe(translate(title)), "bold"))
            for line in receipt_table.draw_receipt(receipt, console, translate):
                console.print_line("  ", line)
            for remark in receipt_table.remarks(receipt):
                console.print_line("  ", console.safe(translate(remark)))
            console.print_line("")
        for label, formulas in (
            (_("yours"), entry.formulas),
            (_("reference"), entry.reference_formulas),
        ):
            if formulas is not None:
                text = _("Formula ({who}): {text}", who=label, text=formulas.message)
                console.print_line(console.safe(translate(text)))
        if entry.at_scale:
            console.print_line(console.safe(translate(entry.at_scale)))
        console.print_line("")


def _as_json(entry: _Entry, translate: Translator) -> dict[str, object]:
    return {
        "title": str(entry.title),
        "yours": entry.yours.as_json(translate),
        "reference": entry.reference and entry.reference.as_json(translate),
        "formulas": entry.formulas and entry.formulas.as_json(),
        "reference_formulas": entry.reference_formulas and entry.reference_formulas.as_json(),
    }
