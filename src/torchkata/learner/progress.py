"""A learner's progress on a course: states, attempts, best metrics and hints, kept in SQLite."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.stub_digest import digest
from torchkata.i18n import Message
from torchkata.learner.progress_db import ProgressDb
from torchkata.result import ExerciseResult, State

NOT_GRADED: Final = "not graded yet"
"""The state of a file that has changed since it was graded."""

LOWER_IS_BETTER: Final = ("seconds_median", "ops", "extra_bytes")

Metrics = dict[str, dict[str, float]]
"""Costs by the label of the case and the name of the metric."""


@dataclass(frozen=True, kw_only=True)
class ExerciseProgress:
    """The progress on one exercise.

    Attributes:
        state: the result of the last grading; empty before the first.
        digest: of the file that was graded then.
        attempts: how often the exercise was graded.
        hint_level: the highest hint that was shown; 0 if none was.
        solution_seen: whether the solution was shown.
        best: the lowest metrics of all passed attempts.
    """

    state: str = ""
    digest: str = ""
    attempts: int = 0
    hint_level: int = 0
    solution_seen: bool = False
    best: Metrics = field(default_factory=dict)


class Progress:
    """The progress on one course.

    No method raises because of the file: unreadable data counts as unknown, failed writes are
    dropped, and `notes` tells the learner. The file may appear or disappear between calls.

    Args:
        root: the course's folder; the file is `.torchkata/progress.sqlite` in it.
    """

    def __init__(self, root: Path) -> None:
        self._db = ProgressDb(root / ".torchkata")

    @property
    def notes(self) -> tuple[Message, ...]:
        """What the learner should know about the file, each message once."""
        return tuple(self._db.notes)

    def record(
        self, exercise: Exercise, result: ExerciseResult, source: bytes, *, own_file: bool = True
    ) -> None:
        """Record an attempt; the result of an untouched stub is not recorded.

        Args:
            exercise: the exercise.
            result: its result.
            source: the source that was graded.
            own_file: whether `source` is the file in `exercises/`. If not, such as for a notebook
                cell, the attempt counts, but the state of the exercise stays that of the file.
        """
        if result.state is State.TODO and not result.seconds:
            return

        def write(db: Connection) -> None:
            _ensure_row(db, exercise.id)
            db.execute("UPDATE exercises SET attempts = attempts + 1 WHERE id = ?", (exercise.id,))
            if own_file:
                db.execute(
                    "UPDATE exercises SET state = ?, digest = ? WHERE id = ?",
                    (result.state.value, digest(source), exercise.id),
                )
            if result.state is not State.PASSED:
                return
            for case, metrics in submission_costs(result).items():
                db.executemany(
                    "INSERT INTO bests (id, case_name, figure, value) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET value = min(value, excluded.value)",
                    [(exercise.id, case, name, value) for name, value in metrics.items()],
                )

        self._db.write(write)

    def states(self, course: Course) -> dict[str, str]:
        """Return the state of every exercise by id.

        A state is that of the last grading, `todo` for an untouched stub, or `NOT_GRADED` if the
        file has changed since.

        Args:
            course: the course whose exercises to list.
        """
        known = self.exercises()
        return {
            exercise.id: _state(exercise, known.get(exercise.id, ExerciseProgress()))
            for exercise in course.exercises
        }

    def exercises(self) -> dict[str, ExerciseProgress]:
        """Return the progress on each exercise that has any, by id."""

        def read(db: Connection) -> dict[str, ExerciseProgress]:
            best: dict[str, Metrics] = {}
            for id_, case, name, value in db.execute(
                "SELECT id, case_name, figure, value FROM bests ORDER BY rowid"
            ):
                best.setdefault(id_, {}).setdefault(case, {})[name] = value
            rows = db.execute(
                "SELECT id, state, digest, attempts, hint_level, solution_seen "
                "FROM exercises ORDER BY id"
            )
            return {
                id_: ExerciseProgress(
                    state=state,
                    digest=graded_digest,
                    attempts=attempts,
                    hint_level=hint_level,
                    solution_seen=solution_seen is not None,
                    best=best.get(id_, {}),
                )
                for id_, state, graded_digest, attempts, hint_level, solution_seen in rows
            }

        return self._db.read(read) or {}

    def exercise(self, exercise_id: str) -> ExerciseProgress:
        """Return the progress on one exercise."""
        return self.exercises().get(exercise_id, ExerciseProgress())

    def best(self, exercise_id: str) -> Metrics:
        """Return the lowest metrics of all passed attempts; empty before the first pass."""
        return self.exercise(exercise_id).best

    def record_hint(self, exercise_id: str, level: int) -> None:
        """Record that a hint was shown; a level below the highest one changes nothing."""

        def write(db: Connection) -> None:
            _ensure_row(db, exercise_id)
            db.execute(
                "UPDATE exercises SET hint_level = max(hint_level, ?) WHERE id = ?",
                (level, exercise_id),
            )

        self._db.write(write)

    def record_solution_seen(self, exercise_id: str) -> None:
        """Record that the solution was shown; the time of the first call is kept."""

        def write(db: Connection) -> None:
            _ensure_row(db, exercise_id)
            db.execute(
                "UPDATE exercises SET solution_seen = coalesce(solution_seen, ?) WHERE id = ?",
                (time.time(), exercise_id),
            )

        self._db.write(write)


def submission_costs(result: ExerciseResult) -> Metrics:
    """Return the submission's metrics in which lower is better, by case."""
    return {
        str(row.case): {name: row.metrics[name] for name in LOWER_IS_BETTER if name in row.metrics}
        for row in result.cost_table
        if row.who == "yours"
    }


def _ensure_row(db: Connection, exercise_id: str) -> None:
    db.execute("INSERT INTO exercises (id) VALUES (?) ON CONFLICT DO NOTHING", (exercise_id,))


def _state(exercise: Exercise, known: ExerciseProgress) -> str:
    if not exercise.stub_path.is_file():
        return State.TODO
    try:
        source = exercise.stub_path.read_bytes()
    except OSError:
        return NOT_GRADED  # grading says why the file cannot be read
    if exercise.is_untouched(source):
        return State.TODO
    return known.state if known.digest == digest(source) else NOT_GRADED
