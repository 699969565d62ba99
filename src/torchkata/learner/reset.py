"""Reset: bring back an exercise as shipped; the learner's file is kept, always."""

from __future__ import annotations

import time
from pathlib import Path

from torchkata.course.catalogue import Exercise, digest
from torchkata.course.git import GitError, git, lines
from torchkata.errors import KataError
from torchkata.i18n import _


def shipped_source(exercise: Exercise) -> bytes:
    """Find the stub as shipped: in a kit's own file, or by its digest in a repository's history.

    Raises:
        KataError: the history does not have it.
    """
    if exercise.original_stub is not None:
        return exercise.original_stub
    wanted = exercise.grader.spec.stub_digest
    path = exercise.stub_path.relative_to(exercise.course).as_posix()
    try:
        prefix = lines(exercise.course, "rev-parse", "--show-prefix")
        where = "".join(prefix) + path
        commits = lines(
            exercise.course, "log", "--all", "--full-history", "--format=%H", "--", path
        )
        for commit in [*commits, "HEAD", ""]:
            try:
                source = git(exercise.course, "cat-file", "blob", f"{commit}:{where}")
            except GitError:
                continue
            if digest(source) == wanted:
                return source
    except GitError as error:
        raise KataError(
            _(
                "{exercise} cannot be reset here: {why} Copy the file from a fresh download of the "
                "course instead.",
                exercise=exercise.id,
                why=error,
            )
        ) from error
    raise KataError(
        _(
            "{exercise} cannot be reset: this repository's history does not hold the file as "
            "shipped. Copy it from a fresh download of the course instead.",
            exercise=exercise.id,
        )
    )


def reset(exercise: Exercise) -> str:
    """Write the shipped stub; keep the file that was there, and say where.

    Raises:
        KataError: the shipped stub cannot be found; the learner's file is as it was.
    """
    source = shipped_source(exercise)
    if not exercise.stub_path.exists():
        exercise.stub_path.parent.mkdir(parents=True, exist_ok=True)
        exercise.stub_path.write_bytes(source)
        return _(
            "{file} was missing and is back as shipped.", file=_shown(exercise, exercise.stub_path)
        )
    if digest(exercise.stub_path.read_bytes()) == exercise.grader.spec.stub_digest:
        return _(
            "{file} is as shipped already; nothing was done.",
            file=_shown(exercise, exercise.stub_path),
        )
    kept = _keep(exercise)
    fresh = exercise.stub_path.with_suffix(".py.new")
    fresh.write_bytes(source)
    fresh.replace(exercise.stub_path)
    return _(
        "{file} is back as shipped.\nYour version is kept in {kept}",
        file=_shown(exercise, exercise.stub_path),
        kept=_shown(exercise, kept),
    )


def _keep(exercise: Exercise) -> Path:
    """Copy the learner's file to a name that nothing has yet."""
    folder = exercise.course / ".torchkata" / "kept" / exercise.chapter
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for turn in range(10_000):
        kept = folder / f"{exercise.stem}.{stamp}{f'-{turn}' if turn else ''}.py"
        try:
            with kept.open("xb") as file:
                file.write(exercise.stub_path.read_bytes())
        except FileExistsError:
            continue
        return kept
    raise KataError(_("{folder} is full of kept files; move some of them away.", folder=folder))


def _shown(exercise: Exercise, path: Path) -> str:
    return path.relative_to(exercise.course).as_posix()
