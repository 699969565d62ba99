"""The table in docs/security.md agrees with the cheats and their tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_cheats import CHEATS, PASSES

HERE = Path(__file__).parent
DOC = (HERE.parents[1] / "docs" / "security.md").read_text(encoding="utf-8")
ENTRIES = 87  # known cheats; higher numbers are our own
NEITHER = ("nothing", "bounded")


def rows(text: str) -> dict[int, list[str]]:
    """Return the cells of the table, by the number of the cheat."""
    table: dict[int, list[str]] = {}
    for line in re.findall(r"^\| (\d+ \|.*)\|$", text, re.MULTILINE):
        number, *cells = (cell.strip() for cell in line.split("|"))
        assert int(number) not in table, f"{number} is there twice"
        assert len(cells) == 4, line
        table[int(number)] = cells
    return table


def problems(text: str) -> list[str]:
    """List where the table differs from the docstrings of the cheats, or names missing tests."""
    table, found = rows(text), []
    files = {int(cheat.file.stem.partition("_")[0]): cheat for cheat in CHEATS}
    wanted = {*range(1, ENTRIES + 1), *files}
    found += [f"{number} is missing" for number in sorted(wanted - set(table))]
    found += [f"{number} is no cheat's number" for number in sorted(set(table) - wanted)]
    for number, (title, place, *verdicts) in table.items():
        if not title:
            found.append(f"{number} has no title")
        cheat = files.get(number)
        if cheat is not None:
            if place != f"[{cheat.file.stem}](../tests/cheats/{cheat.file.name})":
                found.append(f"{number} names another file than {cheat.file.name}")
            if verdicts != [cheat.field("Confined"), cheat.field("Unconfined")]:
                found.append(f"{number} has other verdicts than {cheat.file.name}")
            continue
        if verdicts != ["-", "-"]:
            found.append(f"{number} has verdicts without a file")
        tests = re.findall(r"`(test_\w+\.py)::(test_\w+)`", place)
        if not tests and not place.startswith(NEITHER):
            found.append(f"{number} names neither a file nor a test, and does not say why")
        for file, test in tests:
            path = HERE / file
            if not path.is_file() or f"\ndef {test}(" not in path.read_text(encoding="utf-8"):
                found.append(f"{number} names {file}::{test}, which does not exist")
    return found


def test_table_agrees_with_the_cheats():
    """Every cheat has one row, with the file and the verdicts of its docstring."""
    assert problems(DOC) == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("\n| 7 |", "\n| 1007 |", "7 is missing"),
        ("[05_os_exit_zero]", "[06_os_exit_zero]", "5 names another file"),
        ("| failed speed | failed speed |", "| passed | failed speed |", "has other verdicts"),
        ("::test_older_threads_are_reported", "::test_of_nobody", "82 names test_confinement"),
        ("| bounded: each call", "| each call", "54 names neither a file nor a test"),
    ],
)
def test_each_disagreement_is_found(before: str, after: str, problem: str):
    """Each way in which the table can disagree with the tests is reported."""
    assert before in DOC
    assert any(problem in line for line in problems(DOC.replace(before, after, 1)))


def test_cheats_that_pass_are_documented():
    """The text mentions the cheats that nothing stops, not only the table."""
    text = DOC[: DOC.index("## The cheats")]
    for stem in PASSES:
        assert f"cheat {stem.partition('_')[0]}" in text
