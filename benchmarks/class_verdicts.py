"""Compare a gradebook with the expected verdicts of a synthetic class."""

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

Key = tuple[str, str]
"""Learner and exercise."""

_PRINTED = re.compile(
    r"^\d+/\d+  (?P<state>\w+) +(?P<learner>\S+)  (?P<exercise>\S+)$", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A verdict in the gradebook."""

    learner: str
    exercise_id: str
    state: str
    message: str
    judged_at: float
    result: dict[str, Any]

    @property
    def key(self) -> Key:
        """The learner and the exercise."""
        return self.learner, self.exercise_id

    @property
    def failed_axes(self) -> list[str]:
        """The axes that failed, sorted."""
        return sorted({c["axis"] for c in self.result["checks"] if c["verdict"] == "failed"})

    @property
    def race_seconds(self) -> float:
        """The seconds that its races took."""
        return sum(c["figures"].get("seconds_to_decide", 0) for c in self.result["checks"])

    def describe(self) -> str:
        """Return the state, and every check that did not pass with its message."""
        checks = [
            f"{c['id']}: {c['verdict']}: {c['message']} {c['figures']}"
            for c in self.result["checks"]
            if c["verdict"] != "passed"
        ]
        return "\n      ".join([f"{self.state}: {self.message}", *checks])


@dataclass(kw_only=True)
class Differences:
    """Differences between a gradebook and the expected verdicts.

    Attributes:
        lost: Files without a verdict.
        double: Files with several verdicts, or graded several times in one run.
        foreign: Verdicts without a file.
        wrong: Unexpected verdicts, with their messages.
        undecided: Files whose speed could not be decided, which is neither right nor wrong.
    """

    lost: list[Key] = field(default_factory=list)
    double: list[Key] = field(default_factory=list)
    foreign: list[Key] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The number of differences of each kind."""
        return {name: len(value) for name, value in vars(self).items()}

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, double, foreign or wrong."""
        return not (self.lost or self.double or self.foreign or self.wrong)

    def lines(self) -> Iterable[str]:
        """Yield a line for every difference."""
        for name in ("lost", "double", "foreign", "wrong", "undecided"):
            for each in getattr(self, name):
                yield f"  {name}: {each if isinstance(each, str) else ' '.join(each)}"


def read_verdicts(file: Path) -> list[Verdict]:
    """Return every verdict in a gradebook's file, without using the gradebook's own code."""
    query = "select learner, exercise, state, message, judged_at, result from verdict"
    names = ("learner", "exercise_id", "state", "message", "judged_at", "result")
    if not file.is_file():
        return []
    with closing(sqlite3.connect(file)) as connection:
        rows = [dict(zip(names, row, strict=True)) for row in connection.execute(query)]
    return [Verdict(**{**row, "result": json.loads(row["result"])}) for row in rows]


def printed_verdicts(log: str) -> list[tuple[Key, str]]:
    """Return the verdicts that a run has printed, in order: key and state."""
    return [((m["learner"], m["exercise"]), m["state"]) for m in _PRINTED.finditer(log)]


def compare(
    expected: Sequence[Expected],
    verdicts: Sequence[Verdict],
    printed: Sequence[tuple[Key, str]],
) -> Differences:
    """Return the differences between a gradebook and the expected verdicts.

    Args:
        expected: The expected verdicts.
        verdicts: The verdicts in the gradebook.
        printed: The output of one run, or of several of which each resumed the one before.
    """
    by_key = {(each.learner, each.exercise_id): each for each in expected}
    stored_counts = Counter(verdict.key for verdict in verdicts)
    printed_counts = Counter(key for key, _state in printed)
    counts = (*stored_counts.items(), *printed_counts.items())
    differences = Differences(
        lost=sorted(set(by_key) - set(stored_counts)),
        double=sorted({key for key, n in counts if n > 1}),
        foreign=sorted((set(stored_counts) | set(printed_counts)) - set(by_key)),
    )
    for verdict in verdicts:
        each = by_key.get(verdict.key)
        if each is None or (
            each.state == verdict.state and each.axis in ("", *verdict.failed_axes)
        ):
            continue
        name = " ".join(filter(None, (each.kind, each.name)))
        wanted = " on ".join(filter(None, (each.state, each.axis)))
        line = f"{' '.join(verdict.key)} ({name}): expected {wanted}, got {verdict.describe()}"
        is_undecided = verdict.state == "unmeasurable"
        (differences.undecided if is_undecided else differences.wrong).append(line)
    states = {verdict.key: verdict.state for verdict in verdicts}
    differences.wrong += [
        f"{' '.join(key)} was printed as {state} and is stored as {states[key]}"
        for key, state in printed
        if key in states and states[key] != state
    ]
    return differences


def table_differences(file: Path, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the differences between `gradebook.csv` and the gradebook."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = [(row["learner"], row["exercise"], row["state"]) for row in csv.DictReader(stream)]
    in_table = Counter(row for row in rows if row[2] != "missing")
    stored = Counter((*verdict.key, verdict.state) for verdict in verdicts)
    return [
        f"{' '.join(row)}: {in_table[row]} times in the table, {stored[row]} in the gradebook"
        for row in sorted({*in_table, *stored})
        if in_table[row] != stored[row]
    ]
