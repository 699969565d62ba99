"""Progress: one SQLite file beside the course that remembers states, attempts, bests and hints."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection

from torchkata.course.catalogue import Course, Exercise, digest
from torchkata.learner.progress_db import Store
from torchkata.result import ExerciseResult, State

NOT_JUDGED = "not judged yet"
BETTER_WHEN_LESS = ("seconds_median", "ops", "extra_bytes")

Best = dict[str, dict[str, float]]
"""The lowest figure of every passed attempt: by the ladder's case, then by the figure's name."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One judging of a file that somebody had begun.

    Attributes:
        at: when, in seconds since 1970 (UTC).
        state: how it ended.
        seconds: wall time that the judging took.
    """

    at: float
    state: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one exercise.

    Attributes:
        state: of the last judging; empty before the first.
        digest: of the file that was judged then.
        attempts: how many judgings there were.
        first_passed: when it passed for the first time, in seconds since 1970; None before.
        hint_level: the highest hint that was shown; 0 for none.
        solution_seen: whether the solution was shown.
        best: the lowest figures of passed attempts, by case.
    """

    state: str = ""
    digest: str = ""
    attempts: int = 0
    first_passed: float | None = None
    hint_level: int = 0
    solution_seen: bool = False
    best: Best = field(default_factory=dict)


class Progress:
    """The memory of one course; every call opens the file, so it may go or come at any time.

    Nothing here raises because of the file: what cannot be read counts as unknown, what cannot
    be written is dropped, and `notes` says so.

    Args:
        root: the course's folder; the file is `.torchkata/progress.sqlite` in it.
    """

    def __init__(self, root: Path) -> None:
        self._store = Store(root / ".torchkata")

    @property
    def notes(self) -> tuple[str, ...]:
        """What the learner should know about the file, each sentence once."""
        return tuple(self._store.notes)

    def record(
        self, exercise: Exercise, result: ExerciseResult, source: bytes, *, own_file: bool = True
    ) -> None:
        """Note a judging; what nobody has begun is none.

        Args:
            lesson: the exercise.
            result: how it went.
            source: the file that was judged.
            own_file: whether that was the file in `exercises/`; if not, the exercise's state stays
                what that file has earned.
        """
        if result.state is State.TODO and not result.seconds:
            return
        now = time.time()
        passed = result.state is State.PASSED

        def write(db: Connection) -> None:
            _touch(db, exercise.id)
            db.execute(
                "UPDATE exercises SET attempts = attempts + 1, "
                "first_passed = coalesce(first_passed, ?) WHERE id = ?",
                (now if passed else None, exercise.id),
            )
            if own_file:
                db.execute(
                    "UPDATE exercises SET state = ?, digest = ? WHERE id = ?",
                    (result.state.value, digest(source), exercise.id),
                )
            db.execute(
                "INSERT INTO attempts (id, at, state, seconds) VALUES (?, ?, ?, ?)",
                (exercise.id, now, result.state.value, result.seconds),
            )
            for case, figures in mine(result).items() if passed else ():
                db.executemany(
                    "INSERT INTO bests (id, case_name, figure, value) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET value = min(value, excluded.value)",
                    [(exercise.id, case, name, value) for name, value in figures.items()],
                )

        self._store.write(write)

    def states(self, course: Course) -> dict[str, str]:
        """The state of every exercise by id: as judged, `todo` if untouched, else `not judged yet`.

        Args:
            course: whose exercises to list.
        """
        known = self.entries()
        return {
            exercise.id: _state(exercise, known.get(exercise.id)) for exercise in course.exercises
        }

    def entries(self) -> dict[str, Entry]:
        """Everything that is known, by the exercise's id."""

        def read(db: Connection) -> dict[str, Entry]:
            bests: dict[str, Best] = {}
            for id_, case, name, value in db.execute(
                "SELECT id, case_name, figure, value FROM bests ORDER BY rowid"
            ):
                bests.setdefault(id_, {}).setdefault(case, {})[name] = value
            return {
                row[0]: Entry(
                    state=row[1],
                    digest=row[2],
                    attempts=row[3],
                    first_passed=row[4],
                    hint_level=row[5],
                    solution_seen=row[6] is not None,
                    best=bests.get(row[0], {}),
                )
                for row in db.execute(
                    "SELECT id, state, digest, attempts, first_passed, hint_level, solution_seen "
                    "FROM exercises ORDER BY id"
                )
            }

        return self._store.read(read) or {}

    def best(self, exercise_id: str) -> Best:
        """The lowest figures of passed attempts, by the ladder's case; empty before a pass."""
        return self._entry(exercise_id).best

    def hint_level(self, exercise_id: str) -> int:
        """The highest hint that was shown; 0 for none."""
        return self._entry(exercise_id).hint_level

    def solution_seen(self, exercise_id: str) -> bool:
        """Whether the solution was shown."""
        return self._entry(exercise_id).solution_seen

    def attempts(self, exercise_id: str) -> tuple[Attempt, ...]:
        """Every judging of an exercise, the oldest first."""

        def read(db: Connection) -> tuple[Attempt, ...]:
            rows = db.execute(
                "SELECT at, state, seconds FROM attempts WHERE id = ? ORDER BY number",
                (exercise_id,),
            )
            return tuple(Attempt(at=at, state=state, seconds=taken) for at, state, taken in rows)

        return self._store.read(read) or ()

    def note_hint(self, exercise_id: str, level: int) -> None:
        """Note that a hint was shown; a lower one than before changes nothing."""

        def write(db: Connection) -> None:
            _touch(db, exercise_id)
            db.execute(
                "UPDATE exercises SET hint_level = max(hint_level, ?) WHERE id = ?",
                (level, exercise_id),
            )

        self._store.write(write)

    def note_solution(self, exercise_id: str) -> None:
        """Note that the solution was shown; the first time counts."""

        def write(db: Connection) -> None:
            _touch(db, exercise_id)
            db.execute(
                "UPDATE exercises SET solution_seen = coalesce(solution_seen, ?) WHERE id = ?",
                (time.time(), exercise_id),
            )

        self._store.write(write)

    def _entry(self, exercise_id: str) -> Entry:
        return self.entries().get(exercise_id, Entry())


def mine(result: ExerciseResult) -> Mapping[str, dict[str, float]]:
    """What the submission costs, by the ladder's case: the figures that are better when less."""
    return {
        rung.case: {name: rung.figures[name] for name in BETTER_WHEN_LESS if name in rung.figures}
        for rung in result.ladder
        if rung.who == "yours"
    }


def _touch(db: Connection, exercise_id: str) -> None:
    db.execute("INSERT INTO exercises (id) VALUES (?) ON CONFLICT DO NOTHING", (exercise_id,))


def _state(exercise: Exercise, entry: Entry | None) -> str:
    if not exercise.stub_path.exists():
        return State.TODO
    current = digest(exercise.stub_path.read_bytes())
    if current == exercise.grader.spec.stub_digest:
        return State.TODO
    return entry.state if entry is not None and entry.digest == current else NOT_JUDGED
