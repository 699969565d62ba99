"""The commands for authors: `check` and `new`."""

from __future__ import annotations

import argparse
import os

from torchkata.cli.arguments import DEFAULT_MUTANTS
from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.translations import Translations
from torchkata.errors import UsageError
from torchkata.grading.seeds import random_seed
from torchkata.instructor.authoring.new import new_exercise
from torchkata.instructor.authoring.rules import checks_by_rule
from torchkata.instructor.authoring.stub_lint import record_digest
from torchkata.instructor.authoring.validate_course import GateSettings, validate_course
from torchkata.sandbox.launcher import DEFAULT_LIMIT


def check(options: argparse.Namespace, _translations: Translations) -> int:
    """Validate the selected exercises; what it prints is for authors, and always English."""
    course = Course(options.course)
    exercises = course.select(tuple(options.names), tuple(options.chapter))
    if options.seal:
        for exercise in exercises:
            record_digest(exercise)
    if options.rules:
        return _print_rules(exercises)
    settings = GateSettings(
        jobs=max(1, min(options.jobs or os.cpu_count() or 1, len(exercises))),
        seed=random_seed() if options.seed is None else options.seed,
        limit=DEFAULT_LIMIT if options.limit is None else options.limit,
        mutants=_wanted_mutants(options),
        salt=options.mutant_seed,
    )
    total = 0
    for exercise, findings in validate_course(course, exercises, settings):
        total += len(findings.problems)
        verdict = "UNSOUND" if findings.problems else "sound"
        notes = f"   {'; '.join(findings.notes)}" if findings.notes else ""
        print(f"{verdict:<9}{exercise.id}{notes}", flush=True)
        for problem in findings.problems:
            print(f"         - {problem}", flush=True)
        for warning in findings.warnings:
            print(f"         - Warning: {warning}", flush=True)
    print(f"{len(exercises)} exercises checked, {total} problems (--seed {settings.seed})")
    return ExitCode.FAILED if total else ExitCode.OK


def _wanted_mutants(options: argparse.Namespace) -> int:
    """Return how many mutants to judge: by default only those of exercises that are named.

    Raises:
        UsageError: the number is negative.
    """
    if options.mutants is None:
        return DEFAULT_MUTANTS if options.names else 0
    wanted: int = options.mutants
    if wanted < 0:
        raise UsageError(f"--mutants: expected a whole number of at least 0, got {wanted}.")
    return wanted


def _print_rules(exercises: tuple[Exercise, ...]) -> int:
    """Print the rules of statements with the checks that enforce each."""
    unnamed = 0
    for exercise in exercises:
        print(exercise.id)
        for rule, checks in checks_by_rule(exercise):
            unnamed += not checks
            print(f"   {'ok  ' if checks else 'NONE'} {rule}")
            for name in checks:
                print(f"           {name}")
    print(f"Rules without a check: {unnamed}")
    return ExitCode.OK


def new(options: argparse.Namespace, _translations: Translations) -> int:
    """Create the three files of a new exercise."""
    print(new_exercise(Course(options.course), options.name))
    return ExitCode.OK
