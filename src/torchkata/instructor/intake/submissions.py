"""Who handed in what: a folder of submissions to one answer per learner and exercise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.errors import UsageError
from torchkata.instructor.intake.archive_reader import HandInError, Member, archive_kind, members

# `doejane_LATE_1234_56789_03_row_sum_fast-2.py`: Canvas numbers the learner and the upload
_CANVAS: Final = re.compile(
    r"(?P<who>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<upload>\d+)_(?P<rest>.+)"
)
# `Jane Doe_123456_assignsubmission_file_`: a folder, or the start of a file's name
_MOODLE: Final = re.compile(
    r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_\w+?_(?P<rest>[^/]*)", re.DOTALL
)
_AGAIN: Final = re.compile(r"-\d+$")  # Canvas: handed in again under the same name
_ENDS: Final = re.compile(r"\.(zip|tar|tar\.\w{2,3}|t[gbx]z2?|bundle|py)$", re.IGNORECASE)
_COPY: Final = re.compile(r" ?\(\d+\)$")  # browsers


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A learner's file for one exercise.

    Attributes:
        path: within the hand-in.
        source: its bytes; None where it was refused.
        refused: why it was.
    """

    path: str
    source: bytes | None
    refused: str = ""


@dataclass(kw_only=True)
class HandIn:
    """Everything that one learner handed in.

    Attributes:
        learner: the name by which the gradebook knows the learner.
        answers: by the exercise's id.
        problems: what could not be taken, in sentences.
        late: whether it came after the deadline, or the learning platform says so.
        handed_in: when, as far as that is known.
        others: by the exercise's id, further files for it, which do not count.
    """

    learner: str
    answers: dict[str, Answer] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    late: bool = False
    handed_in: datetime | None = None
    others: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """A piece of a hand-in on disk, and what its name says."""

    learner: str
    path: Path
    name: str
    late: bool = False


def collect(course: Course, folder: Path, deadline: datetime | None = None) -> list[HandIn]:
    """Read a folder of submissions.

    Args:
        course: whose exercises are looked for.
        folder: a folder, zip, tar, git bundle or file per learner, or a download of Canvas or
            Moodle.
        deadline: later hand-ins are marked; of a git bundle the last commit before it counts.

    Returns:
        One hand-in per learner, by name.

    Raises:
        UsageError: there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Name the folder that holds the hand-ins.")
    parts = list(_parts(folder))
    if not parts:
        raise UsageError(f"{folder} is empty; it has to hold one folder or archive per learner.")
    found: dict[str, HandIn] = {}
    ranks: dict[str, dict[str, tuple[int, ...]]] = {}
    names = _names(course)
    for part in parts:
        handed = found.setdefault(part.learner, HandIn(learner=part.learner))
        _read(names, part, handed, ranks.setdefault(part.learner, {}), deadline)
    return [found[name] for name in sorted(found)]


def collect_one(course: Course, folder: Path, learner: str = "") -> HandIn:
    """Read a folder as the hand-in of one learner: files in any layout, archives among them.

    Args:
        course: whose exercises are looked for.
        folder: what was handed in.
        learner: whose it is.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Name the folder that was handed in.")
    handed = HandIn(learner=learner)
    ranks: dict[str, tuple[int, ...]] = {}
    for part in (_Part(learner, folder, folder.name), *_packed(learner, folder)):
        _read(_names(course), part, handed, ranks, None)
    return handed


def _parts(folder: Path) -> Iterator[_Part]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        if moodle := _MOODLE.fullmatch(path.name):
            learner = f"{moodle['who']}_{moodle['id']}"
            yield _Part(learner, path, moodle["rest"] or path.name)
            yield from _packed(learner, path)
        elif not path.is_dir() and (canvas := _CANVAS.fullmatch(path.name)):
            learner = f"{canvas['who']}_{canvas['id']}"
            yield _Part(learner, path, canvas["rest"], late=canvas["late"] is not None)
        elif path.is_dir():
            yield _Part(path.name, path, path.name)
            yield from _packed(path.name, path)
        elif archive_kind(path.name) or path.suffix == ".py":
            yield _Part(_stem(path.name), path, path.name)


def _packed(learner: str, folder: Path) -> Iterator[_Part]:
    """Archives that lie in a learner's folder."""
    if folder.is_dir() and not folder.is_symlink():
        for path in sorted(folder.iterdir()):
            if archive_kind(path.name) and path.is_file():
                yield _Part(learner, path, path.name)


def _stem(name: str) -> str:
    """A learner's name by the archive's: without its ending, and without a browser's `(1)`."""
    return _COPY.sub("", _ENDS.sub("", name)) or name


def _read(
    names: Mapping[str, str],
    part: _Part,
    handed: HandIn,
    ranks: dict[str, tuple[int, ...]],
    deadline: datetime | None,
) -> None:
    stamp = datetime.fromtimestamp(part.path.lstat().st_mtime, tz=UTC)
    bundle = archive_kind(part.path.name) == "bundle"
    if handed.handed_in is None or stamp > handed.handed_in:
        handed.handed_in = stamp
    overdue = deadline is not None and stamp > deadline and not bundle
    handed.late = handed.late or part.late or overdue
    try:
        before = deadline.timestamp() if deadline and bundle else None
        for member in members(part.path, before=before):
            path = part.name if part.path.is_file() and member.path == part.path.name else (
                member.path
            )  # fmt: skip
            exercise_id = _exercise(names, path)
            if exercise_id is None:
                if member.refused:
                    handed.problems.append(f"{path}: {member.refused}")
                continue
            rank, known = _rank(path), handed.answers.get(exercise_id)
            counts = known is None or rank < ranks[exercise_id]
            if known is not None:
                handed.others.setdefault(exercise_id, []).append(known.path if counts else path)
            if counts:
                ranks[exercise_id] = rank
                handed.answers[exercise_id] = _answer(path, member)
    except HandInError as error:
        handed.problems.append(str(error))
    handed.problems += [
        f"{answer.path}: {answer.refused}" for answer in handed.answers.values() if answer.refused
    ]
    handed.problems[:] = dict.fromkeys(handed.problems)


def _answer(path: str, member: Member) -> Answer:
    return Answer(path=path, source=member.data, refused=member.refused)


def _names(course: Course) -> Mapping[str, str]:
    """Exercises by `CHAPTER/NN_name`, and by `NN_name` where that names only one."""
    stems = Counter(exercise.stem for exercise in course.exercises)
    alone = {
        exercise.stem: exercise.id for exercise in course.exercises if stems[exercise.stem] == 1
    }
    return {**alone, **{exercise.id: exercise.id for exercise in course.exercises}}


def _exercise(names: Mapping[str, str], path: str) -> str | None:
    plain = PurePosixPath(path.replace("\\", "/"))
    stem = _COPY.sub("", _AGAIN.sub("", plain.stem))
    return names.get(f"{plain.parent.name}/{stem}") or names.get(stem)


def _rank(path: str) -> tuple[int, ...]:
    """Which of several files for one exercise counts: in `exercises`, not far down, newest."""
    plain = PurePosixPath(path)
    again = _AGAIN.search(plain.stem)
    return (
        "solutions" in plain.parts or "tests" in plain.parts,
        "exercises" not in plain.parts,
        len(plain.parts),
        -int(again[0][1:]) if again else 0,
    )
