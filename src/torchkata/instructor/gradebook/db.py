"""The gradebook's file: learners, and every verdict with the data that repeats it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from torchkata.errors import KataError, describe_database_error
from torchkata.i18n import _
from torchkata.instructor.gradebook.task import Outcome, Task
from torchkata.instructor.intake.submissions import LearnerSubmission, Problem
from torchkata.result import ExerciseResult

_VERSION: Final = 1
_SCHEMA: Final = """
create table if not exists learner (
    name text primary key, late integer not null, handed_in text, problems text not null
);
create table if not exists verdict (
    learner text not null, exercise text not null, key text not null, file text not null,
    source blob not null, seed integer not null, state text not null, message text not null,
    points real, weight real not null, seconds real not null, tries integer not null,
    result text not null, judged_at real not null,
    primary key (learner, exercise)
);
create index if not exists by_key on verdict (key);
create table if not exists about (name text primary key, value text not null);
"""
_COLUMNS: Final = (
    "learner", "exercise", "key", "file", "source", "seed", "state", "message", "points",
    "weight", "seconds", "tries", "result",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LearnerRecord:
    """What the gradebook knows about a learner besides verdicts.

    Attributes:
        late: Whether something came after the deadline.
        handed_in: The time of the submission, if it is known.
        problems: Which files were rejected, and why.
    """

    late: bool = False
    handed_in: datetime | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StoredVerdict:
    """One verdict of the gradebook.

    Attributes:
        points: The points it earns; None if a person has to decide.
        weight: The most points that the exercise earns.
        result: The exercise's part of the report, in English; see `stored_result`.
    """

    learner: str
    exercise_id: str
    key: str
    file: str
    source: bytes
    seed: int
    state: str
    message: str
    points: float | None
    weight: float
    seconds: float
    tries: int
    result: dict[str, Any]


class Gradebook:
    """A gradebook on disk; a verdict is safe there as soon as `store` returns.

    Args:
        file: An SQLite file; created if it is missing.

    Raises:
        KataError: The file is not a gradebook, cannot be opened, or was written by a newer
            torchkata.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(file, timeout=60)
            self._connection.execute("pragma journal_mode=wal")
            (version,) = self._connection.execute("pragma user_version").fetchone()
            if version > _VERSION:
                raise KataError(
                    _("{file} was written by a newer torchkata. Use that version.", file=file)
                )
            with self._connection:
                self._connection.executescript(_SCHEMA)
                self._connection.execute(f"pragma user_version={_VERSION}")
        except sqlite3.DatabaseError as error:
            refused = describe_database_error(error, file)
            if refused is not None:
                raise KataError(refused) from error
            raise KataError(
                _(
                    "{file} is not a gradebook ({error}). Move it away, or name another folder "
                    "with --out.",
                    file=file,
                    error=error,
                )
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def secret(self, new_secret: int) -> int:
        """Return the secret from which seeds are derived: the first one that it was given.

        Args:
            new_secret: The secret to keep if there is none yet.
        """
        with self._connection:
            self._connection.execute(
                "insert or ignore into about values ('secret', ?)", (str(new_secret),)
            )
        query = "select value from about where name = 'secret'"
        return int(self._connection.execute(query).fetchone()[0])

    def sync_learners(self, submissions: Iterable[LearnerSubmission]) -> None:
        """Record who submitted, and delete verdicts of files that are no longer there."""
        current = list(submissions)
        with self._connection:
            self._connection.execute("delete from learner")
            self._connection.executemany(
                "insert into learner values (?, ?, ?, ?)",
                [
                    (
                        each.learner,
                        each.late,
                        each.handed_in.isoformat() if each.handed_in else None,
                        json.dumps([problem.to_json() for problem in each.problems]),
                    )
                    for each in current
                ],
            )
            present = {
                (each.learner, exercise_id)
                for each in current
                for exercise_id, file in each.files.items()
                if file.source
            }
            known = self._connection.execute("select learner, exercise from verdict").fetchall()
            self._connection.executemany(
                "delete from verdict where learner = ? and exercise = ?",
                sorted(set(known) - present),
            )

    def learners(self) -> dict[str, LearnerRecord]:
        """Return the record of every learner, by name."""
        query = "select name, late, handed_in, problems from learner order by 1"
        return {
            name: LearnerRecord(
                late=bool(late),
                handed_in=datetime.fromisoformat(handed_in) if handed_in else None,
                problems=tuple(map(Problem.from_json, json.loads(problems))),
            )
            for name, late, handed_in, problems in self._connection.execute(query)
        }

    def verdict_keys(self) -> dict[tuple[str, str], str]:
        """Return the key of every verdict, by learner and exercise."""
        rows = self._connection.execute("select learner, exercise, key from verdict")
        return {(learner, exercise_id): key for learner, exercise_id, key in rows}

    def store(self, outcome: Outcome, weight: float) -> None:
        """Store a verdict, in place of an earlier one.

        Args:
            outcome: The graded task.
            weight: The most points that the exercise earns.
        """
        task, result = outcome.task, outcome.result
        values = (
            task.learner, task.exercise_id, task.key, task.file, task.source, hex(task.seed),
            outcome.state, str(result.message), outcome.points, weight, result.seconds,
            outcome.tries, json.dumps(stored_result(result)), time.time(),
        )  # fmt: skip
        with self._connection:
            marks = ", ".join("?" * len(values))
            query = f"insert or replace into verdict values ({marks})"  # noqa: S608
            self._connection.execute(query, values)

    def verdicts(self, learner: str | None = None) -> Iterator[StoredVerdict]:
        """Yield verdicts, by learner and exercise.

        Args:
            learner: Whose verdicts (default: all).
        """
        query = f"select {', '.join(_COLUMNS)} from verdict"  # noqa: S608 - constant names
        arguments: tuple[str, ...] = ()
        if learner is not None:
            query, arguments = query + " where learner = ?", (learner,)
        rows = self._connection.execute(query + " order by learner, exercise", arguments)
        with closing(rows):
            for values in rows:
                row = dict(zip(_COLUMNS, values, strict=True))
                result = json.loads(row.pop("result"))
                seed = int(str(row.pop("seed")), 0)  # older gradebooks hold small integers
                yield StoredVerdict(
                    exercise_id=row.pop("exercise"), seed=seed, result=result, **row
                )

    def task(self, learner: str, exercise_id: str) -> Task | None:
        """Return a graded task, to grade it again on the same inputs; None if there is none."""
        for verdict in self.verdicts(learner):
            if verdict.exercise_id == exercise_id:
                return Task(
                    learner=learner, exercise_id=exercise_id, source=verdict.source,
                    file=verdict.file, seed=verdict.seed, key=verdict.key,
                )  # fmt: skip
        return None


def stored_result(result: ExerciseResult) -> dict[str, Any]:
    """Return a result as the gradebook stores it.

    It is the exercise's part of the JSON report in English. Each check has in addition `messages`,
    the case and the explanation as data, so that pages can show them in another language.
    """
    data = result.as_json()
    for check, stored in zip(result.checks, data["checks"], strict=True):
        stored["messages"] = {"case": check.case.to_json(), "why": check.why.to_json()}
    return data
