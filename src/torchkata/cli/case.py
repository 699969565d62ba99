"""The command `case`: a script that calls the learner's function with the inputs of one case."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from torchkata.cli.grade import open_launcher
from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.shadowing import shadowing_note
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource
from torchkata.course.translations import Translations
from torchkata.errors import CourseError, UsageError
from torchkata.grading.processes import Submission
from torchkata.grading.seeds import random_seed
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message, Translator, _, and_list, join
from torchkata.learner.case_script import CaseCall, choose_names, write_case_script

_MOST_SUGGESTIONS: Final = 3


def case(options: argparse.Namespace, translations: Translations) -> int:
    """Write a script for a case; without a case, list those of the exercise."""
    exercise = Course(options.course).one(options.name)
    translate = translations(exercise.id)
    cases = _cases(exercise)
    if options.case is None:
        for number, (function, one) in enumerate(cases, start=1):
            print(f"{number:>3}  {translate(_label(exercise, function, one))}")
        return ExitCode.OK
    function, one = _chosen(exercise, cases, options.case, translate)
    seed = random_seed() if options.seed is None else options.seed
    with open_launcher(options) as launcher:
        submission = Submission(source=b"", file=exercise.stub_path.name)
        session = Session(exercise, submission, launcher, RandomSource(seed))
        try:
            call = _call(session, function, one, seed)
        finally:
            session.close()
    name = exercise.name.replace("/", "_")
    file = options.out or Path(f"case_{name}.py")
    written = write_case_script(call, exercise.stub_path, file)
    print(translate(_("Wrote {files}.", files=and_list(list(map(str, written))))))
    print(translate(_("Run it: {command}", command=f"{_shown(Path(sys.executable))} {file}")))
    for note in shadowing_note(file.absolute().parent):
        print(translate(note))
    return ExitCode.OK


def _cases(exercise: Exercise) -> list[tuple[Function, Case]]:
    """Return the cases that are calls of a function with inputs.

    Raises:
        UsageError: the exercise has none.
    """
    functions = [each for each in exercise.spec.functions if each.adapter is None]
    if not functions:
        raise UsageError(
            _(
                "The cases of {exercise} are no simple calls of a function (they create modules, "
                "train, or read files), so there is no script for them.",
                exercise=exercise.name,
            )
        )
    return [(function, one) for function in functions for one in function.cases]


def _label(exercise: Exercise, function: Function, one: Case) -> Message:
    if len(exercise.spec.entries) == 1:
        return one.label
    return _("{function}, {case}", function=function.name, case=one.label)


def _chosen(
    exercise: Exercise, cases: Sequence[tuple[Function, Case]], wanted: str, translate: Translator
) -> tuple[Function, Case]:
    """Return the case that the learner means, by its name in a report, its beginning or number.

    Raises:
        UsageError: no case matches, or several do.
    """
    labels = [_label(exercise, function, one) for function, one in cases]
    names = list(map(str, labels))
    places = choose_names(names, wanted) or choose_names(list(map(translate, labels)), wanted)
    if len(places) == 1:
        return cases[places[0]]
    listing = _("`nox -s case -- {exercise}` lists all cases.", exercise=exercise.name)
    if places:
        options = "; ".join(names[place] for place in places)
        problem = _("{case!r} matches several cases: {options}.", case=wanted, options=options)
        raise UsageError(join(problem, listing))
    problem = _("{exercise} has no case {case!r}.", exercise=exercise.name, case=wanted)
    near = get_close_matches(wanted, names, _MOST_SUGGESTIONS, 0.3)
    hint = _("Did you mean {names}?", names=", ".join(near)) if near else EMPTY
    raise UsageError(join(problem, hint, listing))


def _call(session: Session, function: Function, one: Case, seed: int) -> CaseCall:
    """Draw the inputs of a case as grading does, and ask the reference for its result."""
    arguments = session.draw(function, one)
    expected = one.known.expected if one.known is not None else None
    if one.known is None and one.raises is None:
        try:
            expected = session.expect(function.name, session.draw(function, one))
        except CourseError:
            expected = None
    return CaseCall(
        entry=function.name,
        case=str(one.label),
        seed=seed,
        arguments=dict(zip(function.inputs, arguments, strict=False)),
        expected=expected,
        raises=one.raises.__name__ if one.raises is not None else "",
    )


def _shown(path: Path) -> str:
    """Return a path relative to the working directory if it is below it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
