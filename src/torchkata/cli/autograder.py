"""The verbs for harnesses: the pack, the workflows, and grading one hand-in where they run."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchkata.cli.instructor import Verb
from torchkata.errors import KataError
from torchkata.i18n import _

if TYPE_CHECKING:
    from torchkata.instructor.autograders.exercise_scores import Item
    from torchkata.instructor.autograders.runner import Graded


def add_verbs(verb: Verb) -> None:
    """Add the harnesses' verbs to the command line."""
    gradescope = verb("gradescope", _gradescope, "Make the pack that grades hand-ins anywhere.")
    gradescope.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    gradescope.add_argument("--chapter", action="append", default=[], metavar="C")
    _waiver(gradescope)

    harness = verb("harness", _harness, "Write a workflow for GitHub Classroom or GitLab CI.")
    harness.add_argument("harness", choices=("github", "gitlab"), metavar="github|gitlab")
    harness.add_argument("--out", type=Path, required=True, metavar="DIR")

    handin = verb("handin", _handin, "Grade one hand-in, as a harness does.")
    handin.add_argument("submission", type=Path, metavar="SUBMISSION", help="a folder")
    handin.add_argument("--results", type=Path, required=True, metavar="FILE.json")
    handin.add_argument("--junit", type=Path, metavar="FILE", help="each check, as JUnit XML")
    handin.add_argument("--summary", type=Path, metavar="FILE", help="Markdown, put at its end")
    handin.add_argument("--classroom", type=Path, metavar="FILE", help="for its reporter")
    handin.add_argument("--chapter", action="append", default=[], metavar="C")
    handin.add_argument("--seed", type=int, metavar="N", help="repeat the inputs of a run")
    handin.add_argument("--strict", action="store_true", help="1 when anything handed in fails")
    _waiver(handin)


def _waiver(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-unconfined",
        action="store_true",
        help="grade where nothing holds a submission back; it can then forge its own score",
    )


def _gradescope(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415 - verbs load what they need
    from torchkata.instructor.autograders.bundle import grading_pack  # noqa: PLC0415
    from torchkata.report.json_report import replace_file  # noqa: PLC0415

    course = Course(options.course)
    exercises = course.select((), tuple(options.chapter))
    data = grading_pack(course, exercises, unconfined=options.allow_unconfined)
    replace_file(options.out, data)
    print(  # noqa: T201
        _(
            "{file}: {count} exercises, {points:g} points, {size:.1f} MB. It holds the references: "
            "keep it from learners.",
            file=options.out,
            count=len(exercises),
            points=sum(float(exercise.grader.spec.weight) for exercise in exercises),
            size=len(data) / 1e6,
        )
    )
    if options.allow_unconfined:
        print(  # noqa: T201
            _("It grades without confinement too: a submission can then forge its own score.")
        )
    return 0


def _harness(options: argparse.Namespace) -> int:
    from torchkata.instructor.autograders.bundle import write_workflow  # noqa: PLC0415

    file = write_workflow(options.harness, options.out)
    print(_("{file} is written. Its head says which secrets it needs.", file=file))  # noqa: T201
    return 0


def _handin(options: argparse.Namespace) -> int:
    """Grade; whatever happens, the results' file says so.

    Returns:
        0 when it was graded, whatever the points; 1 when it was not; with `--strict` 1 also when
        anything that was handed in fails or is not decided.
    """
    from torchkata.instructor.autograders.formats import not_graded  # noqa: PLC0415

    try:
        return _graded(options)
    except KataError as error:
        told = _("NOT GRADED: {error} Please tell your instructor.", error=error)
    except Exception as error:  # noqa: BLE001 - a fault of the engine must not look like a grade
        traceback.print_exc(file=sys.stderr)
        told = _(
            "NOT GRADED: the grading itself broke ({kind}). This says nothing about your answers. "
            "Please tell your instructor.",
            kind=type(error).__name__,
        )
    _write(options.results, not_graded(told))
    if options.summary is not None:
        _append(options.summary, told + "\n")
    print(told, file=sys.stderr)  # noqa: T201
    return 1


def _graded(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.instructor.autograders import exercise_scores, formats  # noqa: PLC0415
    from torchkata.instructor.autograders.runner import grade_hand_in  # noqa: PLC0415
    from torchkata.result import FAILING  # noqa: PLC0415

    course = Course(options.course)
    seed = secrets.randbelow(1 << 32) if options.seed is None else options.seed
    print(_("Seed {seed}.", seed=seed), flush=True)  # noqa: T201
    graded = grade_hand_in(
        course,
        course.select((), tuple(options.chapter)),
        options.submission,
        seed=seed,
        unconfined=options.allow_unconfined,
        on_item=_progress,
    )
    if options.junit is not None:
        _junit(options.junit, graded, seed)
    if options.summary is not None:
        _append(options.summary, formats.markdown(graded.items, graded.notes))
    if options.classroom is not None:
        _write(options.classroom, formats.classroom(graded.items))
    found = formats.results(graded.items, graded.notes, seconds=graded.seconds, seed=seed)
    _write(options.results, found)  # last: only what is whole replaces the note
    wrong = any(each.state in FAILING for each in graded.items)
    return 1 if options.strict and (wrong or exercise_scores.undecided(graded.items)) else 0


def _progress(item: Item) -> None:
    points = "?" if item.points is None else f"{item.points:g}"
    line = f"{item.state:<13} {points:>3} / {item.weight:g}  {item.exercise_id}"
    print(line, flush=True)  # noqa: T201


def _junit(file: Path, graded: Graded, seed: int) -> None:
    from torchkata.grading.grade import Settings, report  # noqa: PLC0415
    from torchkata.instructor.autograders.exercise_scores import discreet  # noqa: PLC0415
    from torchkata.report.junit import write_junit  # noqa: PLC0415

    shown = [discreet(result) for result in graded.results]
    write_junit(report(shown, Settings(seed=seed), ""), file)


def _write(file: Path, found: Mapping[str, Any]) -> None:
    from torchkata.report.json_report import replace_file  # noqa: PLC0415

    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(file, text.encode("utf-8", "backslashreplace"))


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)
