"""A gradebook in other programs' forms: a results file per learner, and nbgrader's table."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from torchkata.course import Lesson
from torchkata.instructor.book import Book
from torchkata.instructor.harness.forms import NBGRADER, OURS, nbgrader, results
from torchkata.instructor.harness.items import of_class
from torchkata.instructor.tables import write_table

_MOST_BYTES: Final = 200  # of a file's name; file systems take 255


def write_exports(
    book: Book, lessons: Sequence[Lesson], out: Path, deadline: datetime | None = None
) -> None:
    """Write `results/LEARNER.json` for every learner, and `nbgrader.csv`.

    Results of learners who are not in the gradebook any more are removed.

    Args:
        book: the gradebook.
        lessons: the exercises that count.
        out: a folder.
        deadline: of the hand-ins, for nbgrader's `duedate`.
    """
    folder = out / "results"
    folder.mkdir(parents=True, exist_ok=True)
    about, rows, written = book.learners(), [], set()
    for learner, items in of_class(book, lessons):
        notes = [str(problem) for problem in about[learner]["problems"]]
        found = results(items, notes, learner=learner)
        file = folder / f"{_name(learner)}.json"
        file.write_bytes(
            json.dumps(found, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
        )
        written.add(file)
        rows += nbgrader(learner, about[learner], items, deadline)
    write_table(out / "nbgrader.csv", NBGRADER, rows)
    for file in set(folder.glob("*.json")) - written:
        if _ours(file):
            file.unlink()


def _name(learner: str) -> str:
    data = os.fsencode(learner)
    if len(data) <= _MOST_BYTES:
        return learner
    return f"{learner[:40]}-{hashlib.blake2b(data, digest_size=8).hexdigest()}"


def _ours(file: Path) -> bool:
    try:
        return OURS in json.loads(file.read_bytes())["extra_data"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
