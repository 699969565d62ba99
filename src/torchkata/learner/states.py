"""States of the last run, kept beside the course, so that a list needs no judging."""

from __future__ import annotations

import json
import os
from pathlib import Path

from torchkata.course import Course, Lesson, digest
from torchkata.result import ExerciseResult, State


def _file(root: Path) -> Path:
    return root / ".torchkata" / "states.json"


def _read(root: Path) -> dict[str, dict[str, str]]:
    try:
        known = json.loads(_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # nothing judged yet, or a file that somebody damaged: only history is lost
    return known if isinstance(known, dict) else {}


def remember(root: Path, lesson: Lesson, result: ExerciseResult) -> None:
    """Note the state of the file that was judged."""
    if not lesson.stub.exists():
        return
    known = _read(root)
    known[lesson.id] = {
        "state": result.state.value,
        "digest": digest(lesson.stub.read_bytes()),
    }
    file = _file(root)
    try:
        file.parent.mkdir(exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(json.dumps(known, indent=1), encoding="utf-8")
        fresh.replace(file)
    except OSError:
        return  # a read-only course is judged all the same


def states(course: Course) -> dict[str, str]:
    """The state of every exercise by id: as judged, `todo` if untouched, else `not judged yet`."""
    known = _read(course.root)
    found: dict[str, str] = {}
    for lesson in course.lessons:
        if not lesson.stub.exists():
            found[lesson.id] = State.TODO
            continue
        current = digest(lesson.stub.read_bytes())
        entry = known.get(lesson.id, {})
        if current == lesson.graded.exercise.shipped:
            found[lesson.id] = State.TODO
        elif entry.get("digest") == current:
            found[lesson.id] = entry.get("state", "not judged yet")
        else:
            found[lesson.id] = "not judged yet"
    return found
