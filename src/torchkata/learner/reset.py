"""Reset: bring back an exercise as shipped; the learner's file is kept, always."""

from __future__ import annotations

import time
from pathlib import Path

from torchkata.course.catalogue import Lesson, digest
from torchkata.course.git import GitError, git, lines
from torchkata.errors import KataError
from torchkata.i18n.messages import say


def shipped_source(lesson: Lesson) -> bytes:
    """Find the stub as shipped: in a kit's own file, or by its digest in a repository's history.

    Raises:
        KataError: the history does not have it.
    """
    if lesson.shipped is not None:
        return lesson.shipped
    wanted = lesson.graded.exercise.shipped
    path = lesson.stub.relative_to(lesson.course).as_posix()
    try:
        prefix = lines(lesson.course, "rev-parse", "--show-prefix")
        where = "".join(prefix) + path
        commits = lines(lesson.course, "log", "--all", "--full-history", "--format=%H", "--", path)
        for commit in [*commits, "HEAD", ""]:
            try:
                source = git(lesson.course, "cat-file", "blob", f"{commit}:{where}")
            except GitError:
                continue
            if digest(source) == wanted:
                return source
    except GitError as error:
        raise KataError(
            say(
                "{exercise} cannot be reset here: {why} Copy the file from a fresh download of the "
                "course instead.",
                exercise=lesson.id,
                why=error,
            )
        ) from error
    raise KataError(
        say(
            "{exercise} cannot be reset: this repository's history does not hold the file as "
            "shipped. Copy it from a fresh download of the course instead.",
            exercise=lesson.id,
        )
    )


def reset(lesson: Lesson) -> str:
    """Write the shipped stub; keep the file that was there, and say where.

    Raises:
        KataError: the shipped stub cannot be found; the learner's file is as it was.
    """
    source = shipped_source(lesson)
    if not lesson.stub.exists():
        lesson.stub.parent.mkdir(parents=True, exist_ok=True)
        lesson.stub.write_bytes(source)
        return say("{file} was missing and is back as shipped.", file=_shown(lesson, lesson.stub))
    if digest(lesson.stub.read_bytes()) == lesson.graded.exercise.shipped:
        return say(
            "{file} is as shipped already; nothing was done.", file=_shown(lesson, lesson.stub)
        )
    kept = _keep(lesson)
    fresh = lesson.stub.with_suffix(".py.new")
    fresh.write_bytes(source)
    fresh.replace(lesson.stub)
    return say(
        "{file} is back as shipped.\nYour version is kept in {kept}",
        file=_shown(lesson, lesson.stub),
        kept=_shown(lesson, kept),
    )


def _keep(lesson: Lesson) -> Path:
    """Copy the learner's file to a name that nothing has yet."""
    folder = lesson.course / ".torchkata" / "kept" / lesson.chapter
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for turn in range(10_000):
        kept = folder / f"{lesson.stem}.{stamp}{f'-{turn}' if turn else ''}.py"
        try:
            with kept.open("xb") as file:
                file.write(lesson.stub.read_bytes())
        except FileExistsError:
            continue
        return kept
    raise KataError(say("{folder} is full of kept files; move some of them away.", folder=folder))


def _shown(lesson: Lesson, path: Path) -> str:
    return path.relative_to(lesson.course).as_posix()
