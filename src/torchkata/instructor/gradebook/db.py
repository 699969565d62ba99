"""The gradebook's file: who handed in what, and every verdict with what it takes to repeat it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from torchkata.errors import KataError
from torchkata.instructor.gradebook.task import Outcome, Task
from torchkata.instructor.intake.submissions import HandIn

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


@dataclass(frozen=True, kw_only=True)
class Row:
    """One verdict of the gradebook.

    Attributes:
        points: None where somebody has to look.
        weight: the most that the exercise earns.
        result: the exercise's part of the report.
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


class Book:
    """A gradebook on disk; every verdict is safe there as soon as `write` returns.

    Args:
        file: of SQLite; made when it is missing.

    Raises:
        KataError: it is another file, or one of a newer torchkata.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._link = sqlite3.connect(file, timeout=60)
            self._link.execute("pragma journal_mode=wal")
            (version,) = self._link.execute("pragma user_version").fetchone()
            if version > _VERSION:
                raise KataError(f"{file} was written by a newer torchkata; use that one.")
            with self._link:
                self._link.executescript(_SCHEMA)
                self._link.execute(f"pragma user_version={_VERSION}")
        except sqlite3.DatabaseError as error:
            raise KataError(
                f"{file} is no gradebook ({error}). Move it away, or name another folder by --out."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._link.close()

    def seed(self, fresh: int) -> int:
        """The seed of this gradebook: the first one that it was given."""
        with self._link:
            self._link.execute("insert or ignore into about values ('seed', ?)", (str(fresh),))
        found = self._link.execute("select value from about where name = 'seed'").fetchone()
        return int(found[0])

    def enrol(self, handins: Iterable[HandIn]) -> None:
        """Note who handed in and what could not be taken; forget answers that are gone."""
        rows = list(handins)
        with self._link:
            self._link.execute("delete from learner")
            self._link.executemany(
                "insert into learner values (?, ?, ?, ?)",
                [
                    (
                        each.learner,
                        each.late,
                        each.handed_in.isoformat() if each.handed_in else None,
                        json.dumps(each.problems),
                    )
                    for each in rows
                ],
            )
            kept = [(each.learner, e) for each in rows for e, a in each.answers.items() if a.source]
            known = self._link.execute("select learner, exercise from verdict").fetchall()
            gone = set(known) - set(kept)
            self._link.executemany(
                "delete from verdict where learner = ? and exercise = ?", sorted(gone)
            )

    def learners(self) -> dict[str, dict[str, Any]]:
        """Who handed in: late, handed_in and problems by name."""
        rows = self._link.execute("select name, late, handed_in, problems from learner order by 1")
        return {
            name: {"late": bool(late), "handed_in": when, "problems": json.loads(problems)}
            for name, late, when, problems in rows
        }

    def judged(self) -> dict[tuple[str, str], str]:
        """The key of every verdict, by learner and exercise."""
        rows = self._link.execute("select learner, exercise, key from verdict")
        return {(learner, exercise_id): key for learner, exercise_id, key in rows}

    def write(self, outcome: Outcome, weight: float) -> None:
        """Keep a verdict, in the place of an earlier one."""
        task, result = outcome.task, outcome.result
        values = (
            task.learner, task.exercise_id, task.key, task.file, task.source, task.seed,
            outcome.state, result.message, outcome.points, weight, result.seconds,
            outcome.tries, json.dumps(asdict(result)), time.time(),
        )  # fmt: skip
        with self._link:
            marks = ", ".join("?" * len(values))
            self._link.execute(f"insert or replace into verdict values ({marks})", values)  # noqa: S608

    def rows(self, learner: str | None = None) -> Iterator[Row]:
        """Verdicts, by learner and exercise: all, or one learner's."""
        columns = ", ".join(Row.__dataclass_fields__)
        query = f"select {columns} from verdict"  # noqa: S608 - our own names
        words: tuple[str, ...] = ()
        if learner is not None:
            query, words = query + " where learner = ?", (learner,)
        with closing(self._link.execute(query + " order by learner, exercise", words)) as found:
            for values in found:
                named = dict(zip(Row.__dataclass_fields__, values, strict=True))
                yield Row(**{**named, "result": json.loads(named["result"])})

    def task(self, learner: str, exercise_id: str) -> Task | None:
        """What was graded, to be graded once more with the same inputs; None where nothing was."""
        for row in self.rows(learner):
            if row.exercise_id == exercise_id:
                return Task(
                    learner=learner, exercise_id=exercise_id, source=row.source, file=row.file,
                    seed=row.seed, key=row.key,
                )  # fmt: skip
        return None
