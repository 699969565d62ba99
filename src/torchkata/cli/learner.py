"""The other commands for learners: `watch`, `hint`, `show` and `reset`."""

from __future__ import annotations

import argparse

from torchkata.cli.grade import open_launcher
from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.learner.hints import next_hint
from torchkata.learner.progress import Progress
from torchkata.learner.reset import reset as reset_exercise
from torchkata.learner.statement import format_statement
from torchkata.watch.app import run_watch_mode


def watch(options: argparse.Namespace, translations: Translations) -> int:
    """Grade an exercise whenever it is saved."""
    with open_launcher(options) as launcher:
        course = Course(options.course)
        return run_watch_mode(
            course,
            course.select((), tuple(options.chapter)),
            launcher,
            options.terminal,
            translations,
            name=options.name,
            poll=options.poll,
        )


def hint(options: argparse.Namespace, translations: Translations) -> int:
    """Print a hint."""
    exercise = Course(options.course).one(options.name)
    progress = Progress(options.course)
    paragraphs = next_hint(exercise, progress, options.level)
    translate = translations(exercise.id)
    print("\n\n".join(map(translate, [*paragraphs, *progress.notes])))
    return ExitCode.OK


def show(options: argparse.Namespace, translations: Translations) -> int:
    """Print the statement of an exercise."""
    exercise = Course(options.course).one(options.name)
    print(format_statement(exercise, translations(exercise.id)))
    return ExitCode.OK


def reset(options: argparse.Namespace, translations: Translations) -> int:
    """Restore the original files of exercises."""
    course = Course(options.course)
    for exercise in [course.one(name) for name in options.names]:
        print(translations("")(reset_exercise(exercise)))
    return ExitCode.OK
