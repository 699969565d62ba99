"""The command `init`: a learner's folder, or an author's course."""

from __future__ import annotations

import argparse
from pathlib import Path

from torchkata.cli.main import ExitCode
from torchkata.course.translations import Translations
from torchkata.i18n import Message, _
from torchkata.i18n.commands import KATA, NOX
from torchkata.instructor.authoring.new_course import course_files
from torchkata.instructor.kit.starter import starter_kit
from torchkata.instructor.kit.writer import require_empty, write_kit


def init(options: argparse.Namespace, translations: Translations) -> int:
    """Write a folder and say what to do next."""
    out: Path = options.folder
    require_empty(out)
    if options.author:
        write_kit(course_files(), out)
        print(translations("")(_course_steps(out)))
        return ExitCode.OK
    files, exercises = starter_kit(out, KATA if options.program != NOX else NOX)
    write_kit(files, out)
    first = f"exercises/{exercises[0].id}.py"
    print(translations("")(_learner_steps(out, len(exercises), first)))
    return ExitCode.OK


def _learner_steps(out: Path, count: int, first: str) -> Message:
    return _(
        "Wrote {count} exercises to {out}. Next:\n  cd {out}\n  nox -s watch\nThen open {first} in "
        "your editor, read the text at its top, write your code and save. `nox -s list` shows all "
        "exercises.",
        count=count,
        out=out,
        first=first,
    )


def _course_steps(out: Path) -> Message:
    return _(
        "Wrote a course with one exercise to {out}. Next:\n  cd {out}\n  nox -s check\nEdit "
        "course.toml, then start an exercise of your own: `nox -s new -- 01_start/02_my_exercise`. "
        "README.md explains the files.",
        out=out,
    )
