"""The commands for autograders: `gradescope`, `harness` and `handin`."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchkata.cli.main import ExitCode
from torchkata.course.atomic_write import replace_file
from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.errors import KataError, describe_os_error
from torchkata.grading.grade import Settings
from torchkata.grading.run import build_report
from torchkata.grading.seeds import random_seed
from torchkata.i18n import EMPTY, Message, _
from torchkata.instructor.autograders import formats
from torchkata.instructor.autograders.bundle import autograder_zip, write_workflow
from torchkata.instructor.autograders.exercise_scores import ExerciseScore, undecided
from torchkata.instructor.autograders.runner import GradedSubmission, grade_submission
from torchkata.instructor.gradebook.redaction import redact
from torchkata.report.junit import write_junit
from torchkata.result import FAILING


def gradescope(options: argparse.Namespace, translations: Translations) -> int:
    """Write the zip that grades submissions on Gradescope."""
    course = Course(options.course)
    exercises = course.select((), tuple(options.chapter))
    data = autograder_zip(
        course, exercises, unconfined=options.allow_unconfined, localize=translations
    )
    replace_file(options.out, data)
    _print(
        translations,
        _(
            "{file}: {count} exercises, {points:g} points, {size:.1f} MB. It contains the "
            "references, so do not give it to learners.",
            file=options.out,
            count=len(exercises),
            points=sum(float(exercise.spec.weight) for exercise in exercises),
            size=len(data) / 1e6,
        ),
    )
    if options.allow_unconfined:
        _print(
            translations,
            _("It also grades without confinement. A submission can then forge its own score."),
        )
    return ExitCode.OK


def harness(options: argparse.Namespace, translations: Translations) -> int:
    """Write a workflow for GitHub Classroom or GitLab CI."""
    file = write_workflow(options.harness, options.out)
    _print(translations, _("Wrote {file}. Its first lines list the secrets it needs.", file=file))
    return ExitCode.OK


def handin(options: argparse.Namespace, translations: Translations) -> int:
    """Grade a submission; the results file is written whatever happens.

    Returns:
        0 if the submission was graded, whatever its points; 1 if it was not. With `--strict`, also
        1 if an exercise fails or is undecided.
    """
    try:
        return _grade(options, translations)
    except KataError as error:
        reason = _("NOT GRADED: {error} Please tell your instructor.", error=error.message)
    except OSError as error:
        refused = describe_os_error(error)
        reason = _("NOT GRADED: {error} Please tell your instructor.", error=refused)
    except Exception as error:  # noqa: BLE001 - an error of the engine must not look like a grade
        traceback.print_exc(file=sys.stderr)
        reason = _(
            "NOT GRADED: internal error ({kind}). This says nothing about your solutions. Please "
            "tell your instructor.",
            kind=type(error).__name__,
        )
    text = translations("")(reason)
    _write_json(options.results, formats.not_graded(text))
    if options.summary is not None:
        _append(options.summary, text + "\n")
    print(text, file=sys.stderr)
    return ExitCode.FAILED


def _grade(options: argparse.Namespace, translations: Translations) -> int:
    course = Course(options.course)
    seed = random_seed() if options.seed is None else options.seed
    _print(translations, _("Seed {seed}.", seed=seed))
    graded = grade_submission(
        course,
        course.select((), tuple(options.chapter)),
        options.submission,
        seed=seed,
        unconfined=options.allow_unconfined,
        on_score=_print_score,
    )
    scores, notes = graded.scores, graded.notes
    if options.junit is not None:
        _write_junit(options.junit, graded, seed, translations)
    if options.summary is not None:
        _append(options.summary, formats.markdown(scores, notes, localize=translations))
    if options.classroom is not None:
        _write_json(options.classroom, formats.github_classroom(scores, localize=translations))
    results = formats.gradescope_results(
        scores, notes, localize=translations, seconds=graded.seconds, seed=seed
    )
    _write_json(options.results, results)  # last: only complete results replace `not_graded`
    failing = any(score.state in FAILING for score in scores)
    strict_failure = options.strict and (failing or undecided(scores))
    return ExitCode.FAILED if strict_failure else ExitCode.OK


def _print_score(score: ExerciseScore) -> None:
    points = "?" if score.points is None else f"{score.points:g}"
    line = f"{score.state:<13} {points:>3} / {score.weight:g}  {score.exercise_id}"
    print(line, flush=True)


def _write_junit(
    file: Path, graded: GradedSubmission, seed: int, translations: Translations
) -> None:
    redacted = [redact(result) for result in graded.results]
    write_junit(build_report(redacted, Settings(seed=seed), EMPTY), file, translations)


def _write_json(file: Path, data: Mapping[str, Any]) -> None:
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(file, text.encode("utf-8", "backslashreplace"))


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)


def _print(translations: Translations, message: Message) -> None:
    print(translations("")(message), flush=True)
