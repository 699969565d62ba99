"""The commands for authors: `check` and `new`."""

from __future__ import annotations

import argparse

from torchkata.cli.grade import open_launcher
from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.instructor.authoring.new import new_exercise
from torchkata.instructor.authoring.stub_lint import record_digest
from torchkata.instructor.authoring.validate import Validator


def check(options: argparse.Namespace, _translations: Translations) -> int:
    """Validate the selected exercises; what it prints is for authors, and always English."""
    with open_launcher(options) as launcher:
        course = Course(options.course)
        exercises = course.select(tuple(options.names), tuple(options.chapter))
        if options.seal:
            for exercise in exercises:
                record_digest(exercise)
        validator = Validator(launcher)
        total = 0
        for exercise in exercises:
            problems = validator.problems(exercise)
            total += len(problems)
            print(f"{'UNSOUND' if problems else 'sound':<9}{exercise.id}", flush=True)  # noqa: T201
            for problem in problems:
                print(f"         - {problem}", flush=True)  # noqa: T201
    print(f"{len(exercises)} exercises checked, {total} problems")  # noqa: T201
    return ExitCode.FAILED if total else ExitCode.OK


def new(options: argparse.Namespace, _translations: Translations) -> int:
    """Create the three files of a new exercise."""
    print(new_exercise(Course(options.course), options.name))  # noqa: T201
    return ExitCode.OK
