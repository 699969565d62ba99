"""The commands for authors: `check` and `new`."""

from __future__ import annotations

import argparse
import os

from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.grading.run import random_seed
from torchkata.instructor.authoring.new import new_exercise
from torchkata.instructor.authoring.stub_lint import record_digest
from torchkata.instructor.authoring.validate_course import validate_course
from torchkata.sandbox.launcher import DEFAULT_LIMIT


def check(options: argparse.Namespace, _translations: Translations) -> int:
    """Validate the selected exercises; what it prints is for authors, and always English."""
    course = Course(options.course)
    exercises = course.select(tuple(options.names), tuple(options.chapter))
    if options.seal:
        for exercise in exercises:
            record_digest(exercise)
    seed = random_seed() if options.seed is None else options.seed
    jobs = max(1, min(options.jobs or os.cpu_count() or 1, len(exercises)))
    limit = DEFAULT_LIMIT if options.limit is None else options.limit
    total = 0
    for exercise, problems in validate_course(course, exercises, jobs=jobs, seed=seed, limit=limit):
        total += len(problems)
        print(f"{'UNSOUND' if problems else 'sound':<9}{exercise.id}", flush=True)
        for problem in problems:
            print(f"         - {problem}", flush=True)
    print(f"{len(exercises)} exercises checked, {total} problems (--seed {seed})")
    return ExitCode.FAILED if total else ExitCode.OK


def new(options: argparse.Namespace, _translations: Translations) -> int:
    """Create the three files of a new exercise."""
    print(new_exercise(Course(options.course), options.name))
    return ExitCode.OK
