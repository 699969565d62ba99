"""The verb `kit`: its options, and what it prints; and which verbs a kit has."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torchkata.course.files import open_course_files
from torchkata.errors import UsageError
from torchkata.i18n import _

if TYPE_CHECKING:
    from torchkata.instructor.kit.build import Kit

Run = Callable[[argparse.Namespace], int]
Verb = Callable[[str, Run, str], argparse.ArgumentParser]

_IN_A_KIT: Final = {
    "grade", "watch", "list", "hint", "show", "reset", "completion", "complete",
}  # fmt: skip
_MOST_NAMED: Final = 5


def add_verbs(verb: Verb) -> None:
    """Add the verb to the command line."""
    kit = verb("kit", _kit, "Write what learners get: no answer, no hidden case in the clear.")
    kit.add_argument("--out", type=Path, required=True, metavar="DIR")
    kit.add_argument(
        "--chapter", "--chapters", dest="chapter", action="extend", nargs="+", default=[],
        metavar="C", help="all when none is named",
    )  # fmt: skip
    kit.add_argument(
        "--open-only", action="store_true", help="leave graders and references out altogether"
    )


def require_course(verb: str, root: Path) -> None:
    """Refuse what needs the course's repository where only a kit is.

    Raises:
        UsageError: the verb is an instructor's, and this is a kit.
    """
    if verb not in _IN_A_KIT and open_course_files(root).is_kit:
        raise UsageError(
            _(
                "This folder is a learner's kit. `{verb}` needs the course's own repository: run "
                "it there.",
                verb=verb,
            )
        )


def _kit(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415 - imports torch
    from torchkata.instructor.kit.build import build  # noqa: PLC0415
    from torchkata.instructor.kit.writer import require_free, write  # noqa: PLC0415
    from torchkata.sandbox.launcher import Launcher  # noqa: PLC0415

    course = Course(options.course)
    exercises = course.select((), tuple(options.chapter))
    if not exercises:
        raise UsageError(_("This course has no exercises yet."))
    require_free(options.out)
    with Launcher() as launcher:
        kit = build(course, exercises, launcher, open_only=options.open_only)
    write(kit.files, options.out)
    print(_told(kit, options.out, open_only=options.open_only))  # noqa: T201
    return 0


def _told(kit: Kit, out: Path, *, open_only: bool) -> str:
    parts = [
        _(
            "{out} holds the kit: {count} exercises, {examples} of them with open examples.",
            out=out,
            count=kit.exercises,
            examples=kit.examples,
        ),
        _(
            "It has neither graders nor references: what learners see is judged by open examples "
            "alone."
            if open_only
            else "Graders and references are sealed in it, which keeps honest people honest and "
            "stops nobody else. The binding grade is your own run of `nox -s gradebook`."
        ),
    ]
    if kit.uncommitted:
        more = len(kit.uncommitted) - _MOST_NAMED
        parts.append(
            _(
                "Not committed, and in the kit as they are now: {files}.",
                files=_(", ").join(kit.uncommitted[:_MOST_NAMED])
                + (_(" and {count} more", count=more) if more > 0 else ""),
            )
        )
    return "\n".join(parts)
