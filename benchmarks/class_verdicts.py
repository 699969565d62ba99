"""Compares a gradebook with what a synthetic class has to get: lost, double, wrong, undecided."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthetic_class import Expected

Answer = tuple[str, str]
"""Learner and exercise."""

_TOLD = re.compile(r"^\d+/\d+  (?P<state>\w+) +(?P<learner>\S+)  (?P<exercise>\S+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A verdict as it stands in the gradebook."""

    learner: str
    exercise_id: str
    state: str
    message: str
    judged_at: float
    result: dict[str, Any]

    @property
    def answer(self) -> Answer:
        """Whose it is, and to what."""
        return self.learner, self.exercise_id

    @property
    def failing(self) -> list[str]:
        """The axes that failed, in order."""
        return sorted({c["axis"] for c in self.result["checks"] if c["verdict"] == "failed"})

    @property
    def race_seconds(self) -> float:
        """Seconds for which it had the clock to itself."""
        return sum(c["figures"].get("seconds_to_decide", 0) for c in self.result["checks"])

    def story(self) -> str:
        """Every check that did not pass, with its message."""
        told = [
            f"{c['id']}: {c['verdict']}: {c['message']} {c['figures']}"
            for c in self.result["checks"]
            if c["verdict"] != "passed"
        ]
        return "\n      ".join([f"{self.state}: {self.message}", *told])


@dataclass(kw_only=True)
class Findings:
    """What is not as it has to be.

    Attributes:
        lost: answers without a verdict.
        double: answers with several verdicts, or judged several times in one run.
        foreign: verdicts that belong to no answer.
        wrong: verdicts that are not the expected one, with their messages.
        undecided: where the clock could not decide, which is no verdict, right or wrong.
    """

    lost: list[Answer] = field(default_factory=list)
    double: list[Answer] = field(default_factory=list)
    foreign: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {name: len(value) for name, value in vars(self).items()}

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, double, foreign or wrong."""
        return not (self.lost or self.double or self.foreign or self.wrong)

    def lines(self) -> Iterable[str]:
        """Every finding."""
        for name in ("lost", "double", "foreign", "wrong", "undecided"):
            for each in getattr(self, name):
                yield f"  {name}: {each if isinstance(each, str) else ' '.join(each)}"


def verdicts(book: Path) -> list[Kept]:
    """Every row of a gradebook's file, read without the gradebook's own code."""
    query = "select learner, exercise, state, message, judged_at, result from verdict"
    names = ("learner", "exercise", "state", "message", "judged_at", "result")
    if not book.is_file():
        return []
    with closing(sqlite3.connect(book)) as link:
        rows = [dict(zip(names, row, strict=True)) for row in link.execute(query)]
    return [Kept(**{**row, "result": json.loads(row["result"])}) for row in rows]


def told(log: str) -> list[tuple[Answer, str]]:
    """The verdicts that a run has printed, in order: whose, and the state."""
    return [((m["learner"], m["exercise"]), m["state"]) for m in _TOLD.finditer(log)]


def compare(
    expected: Sequence[Expected], kept: Sequence[Kept], printed: Sequence[tuple[Answer, str]]
) -> Findings:
    """Hold a gradebook against what it has to hold.

    Args:
        expected: of each answer.
        kept: the gradebook's rows.
        printed: what one run has told, or several of which each went on with the rest.
    """
    wanted = {(each.learner, each.exercise_id): each for each in expected}
    rows = Counter(row.answer for row in kept)
    runs = Counter(answer for answer, _state in printed)
    found = Findings(
        lost=sorted(set(wanted) - set(rows)),
        double=sorted({a for a, n in (*rows.items(), *runs.items()) if n > 1}),
        foreign=sorted((set(rows) | set(runs)) - set(wanted)),
    )
    for row in kept:
        want = wanted.get(row.answer)
        if want is None or (want.state == row.state and want.axis in ("", *row.failing)):
            continue
        name = " ".join(filter(None, (want.kind, want.name)))
        asked = " on ".join(filter(None, (want.state, want.axis)))
        line = f"{' '.join(row.answer)} ({name}) has to be {asked}; it is {row.story()}"
        (found.undecided if row.state == "unmeasurable" else found.wrong).append(line)
    states = {row.answer: row.state for row in kept}
    found.wrong += [
        f"{' '.join(answer)} was told as {state} and is kept as {states[answer]}"
        for answer, state in printed
        if answer in states and states[answer] != state
    ]
    return found


def table_faults(file: Path, kept: Sequence[Kept]) -> list[str]:
    """Where `gradebook.csv` differs from the gradebook: each answer once, in its state."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = [(row["learner"], row["exercise"], row["state"]) for row in csv.DictReader(stream)]
    table = Counter(row for row in rows if row[2] != "missing")
    book = Counter((*row.answer, row.state) for row in kept)
    return [
        f"{' '.join(row)}: {table[row]} times in the table, {book[row]} times in the book"
        for row in sorted({*table, *book})
        if table[row] != book[row]
    ]
