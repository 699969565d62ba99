"""Reset an exercise to its original stub; the learner's file is always kept."""

from __future__ import annotations

import time
from pathlib import Path

from torchkata.course.atomic_write import replace_file
from torchkata.course.exercise import Exercise
from torchkata.course.git import GitError, git, lines
from torchkata.errors import KataError
from torchkata.i18n import Message, _, with_period


def find_original_stub(exercise: Exercise) -> bytes:
    """Return the original stub: from the kit, or from the repository's history by its digest.

    Raises:
        KataError: the original stub cannot be found.
    """
    if exercise.original_stub is not None:
        return exercise.original_stub
    path = exercise.stub_path.relative_to(exercise.course).as_posix()
    try:
        prefix = "".join(lines(exercise.course, "rev-parse", "--show-prefix"))
        commits = lines(
            exercise.course, "log", "--all", "--full-history", "--format=%H", "--", path
        )
        for commit in [*commits, "HEAD", ""]:  # the empty name is git's index
            try:
                source = git(exercise.course, "cat-file", "blob", f"{commit}:{prefix}{path}")
            except GitError:
                continue
            if exercise.is_untouched(source):
                return source
    except GitError as error:
        raise KataError(
            _(
                "The original file of {exercise} cannot be found: {reason} Copy it from a fresh "
                "download of the course instead.",
                exercise=exercise.id,
                reason=with_period(error.message),
            )
        ) from error
    raise KataError(
        _(
            "The original file of {exercise} cannot be found: it is not in the history of this "
            "repository. Copy it from a fresh download of the course instead.",
            exercise=exercise.id,
        )
    )


def reset(exercise: Exercise) -> Message:
    """Restore the original stub; return what was done, and where the learner's file is kept.

    Raises:
        KataError: the original stub cannot be found; the learner's file is unchanged.
    """
    stub = find_original_stub(exercise)
    file = _relative(exercise, exercise.stub_path)
    if not exercise.stub_path.exists():
        exercise.stub_path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(exercise.stub_path, stub)
        return _("{file} was missing. The original is restored.", file=file)
    if exercise.is_untouched(exercise.stub_path.read_bytes()):
        return _("{file} is unchanged, so there is nothing to reset.", file=file)
    kept = _keep(exercise)
    replace_file(exercise.stub_path, stub)
    return _(
        "{file} is reset.\nYour version is kept in {kept}",
        file=file,
        kept=_relative(exercise, kept),
    )


def _keep(exercise: Exercise) -> Path:
    """Copy the learner's file to an unused name."""
    folder = exercise.course / ".torchkata" / "kept" / exercise.chapter
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(10_000):
        suffix = f"-{number}" if number else ""
        kept = folder / f"{exercise.stem}.{stamp}{suffix}.py"
        try:
            with kept.open("xb") as file:
                file.write(exercise.stub_path.read_bytes())
        except FileExistsError:
            continue
        return kept
    raise KataError(_("{folder} is full. Move some of the kept files away.", folder=folder))


def _relative(exercise: Exercise, path: Path) -> str:
    return path.relative_to(exercise.course).as_posix()
