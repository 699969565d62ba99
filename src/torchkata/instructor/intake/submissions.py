"""Read a folder of submissions: one file per learner and exercise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from torchkata.course.catalogue import Course
from torchkata.errors import UsageError
from torchkata.i18n import EMPTY, Message, _
from torchkata.instructor.intake.archive_reader import archive_kind, read_members
from torchkata.instructor.intake.layouts import BROWSER_COPY, Part, find_archives, find_parts
from torchkata.instructor.intake.member import ArchiveMember, IntakeError

_RESUBMITTED: Final = re.compile(r"-\d+$")  # Canvas: submitted again under the same name


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A file or archive that was rejected.

    Attributes:
        message: What was rejected, and why.
        exercise_id: The exercise that the file belongs to; empty if that is unknown.
    """

    message: Message
    exercise_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON-ready data."""
        return {"exercise": self.exercise_id, "message": self.message.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        """Return a problem from the data that `to_json` made."""
        return cls(message=Message.from_json(data["message"]), exercise_id=data["exercise"])


@dataclass(frozen=True, kw_only=True)
class SubmittedFile:
    """A learner's file for one exercise.

    Attributes:
        path: Its path in the submission.
        source: Its bytes; None if it is rejected.
        rejected: Why it is rejected.
    """

    path: str
    source: bytes | None
    rejected: Message = EMPTY


@dataclass(kw_only=True)
class LearnerSubmission:
    """Everything that one learner submitted.

    Attributes:
        learner: The learner's name in the gradebook.
        files: By exercise id.
        problems: Rejected files and archives.
        late: Whether something came after the deadline, or the learning platform says so.
        handed_in: The time of the submission, if it is known.
        duplicates: Paths of further files for an exercise, which do not count, by exercise id.
    """

    learner: str
    files: dict[str, SubmittedFile] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    late: bool = False
    handed_in: datetime | None = None
    duplicates: dict[str, list[str]] = field(default_factory=dict)


def collect(
    course: Course, folder: Path, deadline: datetime | None = None
) -> list[LearnerSubmission]:
    """Read a folder of submissions.

    Args:
        course: The course whose exercises are read.
        folder: Holds a folder, zip, tar, git bundle or Python file per learner, or is a download
            from Canvas or Moodle.
        deadline: Later submissions are marked as late. In a git bundle, the last commit before the
            deadline counts.

    Returns:
        One submission per learner, sorted by name.

    Raises:
        UsageError: The folder does not exist, or is empty.
    """
    if not folder.is_dir():
        raise UsageError(
            _("There is no folder {folder}. Name the folder of the submissions.", folder=folder)
        )
    parts = list(find_parts(folder))
    if not parts:
        raise UsageError(
            _("{folder} is empty. It must hold a folder or archive per learner.", folder=folder)
        )
    submissions: dict[str, LearnerSubmission] = {}
    ranks: dict[str, dict[str, tuple[int, ...]]] = {}
    ids = _ids_by_name(course)
    for part in parts:
        submission = submissions.setdefault(part.learner, LearnerSubmission(learner=part.learner))
        _read_part(ids, part, submission, ranks.setdefault(part.learner, {}), deadline)
    return [submissions[name] for name in sorted(submissions)]


def collect_one(course: Course, folder: Path, learner: str = "") -> LearnerSubmission:
    """Read a folder as the submission of one learner, in any layout, archives included.

    Args:
        course: The course whose exercises are read.
        folder: The submission.
        learner: The learner's name.

    Raises:
        UsageError: The folder does not exist.
    """
    if not folder.is_dir():
        raise UsageError(
            _("There is no folder {folder}. Name the folder of the submission.", folder=folder)
        )
    submission = LearnerSubmission(learner=learner)
    ranks: dict[str, tuple[int, ...]] = {}
    for part in (Part(learner, folder, folder.name), *find_archives(learner, folder)):
        _read_part(_ids_by_name(course), part, submission, ranks, None)
    return submission


def _read_part(
    ids: Mapping[str, str],
    part: Part,
    submission: LearnerSubmission,
    ranks: dict[str, tuple[int, ...]],
    deadline: datetime | None,
) -> None:
    modified = datetime.fromtimestamp(part.path.lstat().st_mtime, tz=UTC)
    is_bundle = archive_kind(part.path.name) == "bundle"
    if submission.handed_in is None or modified > submission.handed_in:
        submission.handed_in = modified
    overdue = deadline is not None and modified > deadline and not is_bundle
    submission.late = submission.late or part.late or overdue
    problems = submission.problems
    try:
        before = deadline.timestamp() if deadline and is_bundle else None
        for member in read_members(part.path, before=before):
            is_part = part.path.is_file() and member.path == part.path.name
            _add_member(ids, part.name if is_part else member.path, member, submission, ranks)
    except IntakeError as error:
        exercise_id = _exercise_id(ids, part.name) or ""
        problems.append(Problem(message=error.message, exercise_id=exercise_id))
    problems += [
        _rejection(file.path, file.rejected, exercise_id)
        for exercise_id, file in submission.files.items()
        if file.rejected
    ]
    unique: dict[str, Problem] = {}
    for problem in problems:
        unique.setdefault(str(problem.message), problem)
    problems[:] = unique.values()


def _add_member(
    ids: Mapping[str, str],
    path: str,
    member: ArchiveMember,
    submission: LearnerSubmission,
    ranks: dict[str, tuple[int, ...]],
) -> None:
    """Add a file to a submission, unless the submission has a better one for the exercise."""
    exercise_id = _exercise_id(ids, path)
    if exercise_id is None:
        if member.rejected:
            submission.problems.append(_rejection(path, member.rejected))
        return
    rank, known = _rank(path), submission.files.get(exercise_id)
    is_best = known is None or rank < ranks[exercise_id]
    if known is not None:
        duplicate = known.path if is_best else path
        submission.duplicates.setdefault(exercise_id, []).append(duplicate)
    if is_best:
        ranks[exercise_id] = rank
        submission.files[exercise_id] = SubmittedFile(
            path=path, source=member.data, rejected=member.rejected
        )


def _rejection(path: str, reason: Message, exercise_id: str = "") -> Problem:
    message = _("{path}: {reason}", path=path, reason=reason)
    return Problem(message=message, exercise_id=exercise_id)


def _ids_by_name(course: Course) -> Mapping[str, str]:
    """Return exercise ids by `CHAPTER/NN_name`, and by `NN_name` if that is unique."""
    stems = Counter(exercise.stem for exercise in course.exercises)
    unique = {
        exercise.stem: exercise.id for exercise in course.exercises if stems[exercise.stem] == 1
    }
    return {**unique, **{exercise.id: exercise.id for exercise in course.exercises}}


def _exercise_id(ids: Mapping[str, str], path: str) -> str | None:
    plain = PurePosixPath(path.replace("\\", "/"))
    stem = BROWSER_COPY.sub("", _RESUBMITTED.sub("", plain.stem))
    return ids.get(f"{plain.parent.name}/{stem}") or ids.get(stem)


def _rank(path: str) -> tuple[int, ...]:
    """Return the rank of a file among several: in `exercises`, near the root, newest first."""
    plain = PurePosixPath(path)
    resubmitted = _RESUBMITTED.search(plain.stem)
    return (
        "solutions" in plain.parts or "tests" in plain.parts,
        "exercises" not in plain.parts,
        len(plain.parts),
        -int(resubmitted[0][1:]) if resubmitted else 0,
    )
