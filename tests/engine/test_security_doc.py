"""docs/security.md says of each cheat what the tests say of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_cheats import CHEATS, PASSES

HERE = Path(__file__).parent
DOC = (HERE.parents[1] / "docs" / "security.md").read_text(encoding="utf-8")
ENTRIES = 87  # cheats that are known from elsewhere; those of our own go on from there
NEITHER = ("nothing", "bounded")


def rows(text: str) -> dict[int, list[str]]:
    """The table's cells by the number of the cheat."""
    found: dict[int, list[str]] = {}
    for line in re.findall(r"^\| (\d+ \|.*)\|$", text, re.MULTILINE):
        number, *cells = (cell.strip() for cell in line.split("|"))
        assert int(number) not in found, f"{number} stands there twice"
        assert len(cells) == 4, line
        found[int(number)] = cells
    return found


def faults(text: str) -> list[str]:
    """Where the table differs from the cheats' own heads, or names what is not there."""
    table, found = rows(text), []
    files = {int(cheat.file.stem.partition("_")[0]): cheat for cheat in CHEATS}
    wanted = {*range(1, ENTRIES + 1), *files}
    found += [f"{number} is missing" for number in sorted(wanted - set(table))]
    found += [f"{number} is nothing's number" for number in sorted(set(table) - wanted)]
    for number, (title, stands, *verdicts) in table.items():
        if not title:
            found.append(f"{number} has no title")
        cheat = files.get(number)
        if cheat is not None:
            if stands != f"[{cheat.file.stem}](../tests/cheats/{cheat.file.name})":
                found.append(f"{number} names another file than {cheat.file.name}")
            if verdicts != [cheat.word("Confined"), cheat.word("Unconfined")]:
                found.append(f"{number} has other verdicts than {cheat.file.name}")
            continue
        if verdicts != ["-", "-"]:
            found.append(f"{number} has verdicts without a file")
        tests = re.findall(r"`(test_\w+\.py)::(test_\w+)`", stands)
        if not tests and not stands.startswith(NEITHER):
            found.append(f"{number} names neither a file nor a test, nor says that nothing does")
        for file, test in tests:
            path = HERE / file
            if not path.is_file() or f"\ndef {test}(" not in path.read_text(encoding="utf-8"):
                found.append(f"{number} names {file}::{test}, which is not there")
    return found


def test_the_table_says_what_the_tests_say():
    """Every entry has its row, every file is named once, and the verdicts are the files' own."""
    assert faults(DOC) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("\n| 7 |", "\n| 1007 |", "7 is missing"),
        ("[05_os_exit_zero]", "[06_os_exit_zero]", "5 names another file"),
        ("| failed speed | failed speed |", "| passed | failed speed |", "has other verdicts"),
        ("::test_older_thread_is_reported", "::test_of_nobody", "82 names test_confinement"),
        ("| bounded: each call", "| each call", "54 names neither a file nor a test"),
    ],
)
def test_a_drift_is_found(before: str, after: str, told: str):
    """Each way in which the table can come apart from the tests is noticed."""
    assert before in DOC
    assert any(told in fault for fault in faults(DOC.replace(before, after, 1)))


def test_what_passes_is_told():
    """The cheats that nothing stops are named in the text, not only in the table."""
    text = DOC[: DOC.index("## The cheats")]
    for stem in PASSES:
        assert f"cheat {stem.partition('_')[0]}" in text
