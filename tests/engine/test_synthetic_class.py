"""The synthetic class gets the verdicts it expects; what is lost, double or wrong is seen."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.worker.confinement.confine import available_confinement

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from class_run import Run, staged
from class_verdicts import compare, table_faults, told, verdicts
from synthetic_class import CHAPTERS, NOWHERE, ROOT, Expected, Sample, deal, decks, hand_in, whole

COURSE = Course(ROOT)
CHEATS = ("24_read_solutions", "77_signal_or_stop_judge")
pytestmark = pytest.mark.skipif(
    available_confinement().level != "full", reason="a class is graded only where confinement is complete"
)


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, list[Expected]]]:
    """Eight learners, a sample of every kind, graded by two judges as an instructor does it."""
    folder = tmp_path_factory.mktemp("class")
    with staged(folder) as (places, harm):
        found = decks(COURSE.select(("row_sum_fast", "in_place")), places)
        chosen = [found["solution"][0], found["alternative"][-1]]
        chosen += [found["shipped"][0], found["touched"][-1]]
        chosen += [next(s for s in found["trap"] if s.axis == axis) for axis in ("values", "speed")]
        chosen += [sample for sample in found["cheat"] if sample.name in CHEATS]
        expected = hand_in(folder, ((f"learner{n}", [s]) for n, s in enumerate(chosen)))
        run = Run(folder=folder, jobs=2)
        run.part()
    assert not harm
    assert not run.faults
    yield run, expected


def test_expected_verdicts_come_true(class_: tuple[Run, list[Expected]]):
    """Every kind of answer gets the verdict that stands beside it, once, in book, log and table."""
    run, expected = class_
    kept = verdicts(run.book)

    found = compare(expected, kept, run.printed)

    assert found.clean, list(found.lines())
    assert len(kept) == len(run.printed) == len(expected) == 8
    assert {each.kind for each in expected} == {
        "solution", "trap", "alternative", "cheat", "shipped", "touched"
    }  # fmt: skip
    assert table_faults(run.folder / "out/gradebook.csv", kept) == []
    assert run.watch is not None
    assert run.watch.quarters()["peak_mib"] > 100


def test_a_doctored_gradebook_is_seen(class_: tuple[Run, list[Expected]], tmp_path: Path):
    """A verdict taken away, one written twice, one changed and one of nobody: each is found."""
    run, expected = class_
    doctored = tmp_path / "doctored.sqlite"
    with contextlib.closing(sqlite3.connect(run.book)) as link:
        link.execute("vacuum into ?", (str(doctored),))
    with contextlib.closing(sqlite3.connect(doctored)) as link, link:
        link.execute("create table loose as select * from verdict")  # without its primary key
        link.execute("drop table verdict")
        link.execute("alter table loose rename to verdict")
        link.execute("delete from verdict where learner = 'learner0'")
        link.execute("update verdict set state = 'passed' where learner = 'learner4'")
        link.execute("insert into verdict select * from verdict where learner = 'learner1'")
        link.execute("update verdict set learner = 'nobody' where learner = 'learner2'")
        result = {"checks": [], "seconds": 1, "output": ""}  # fails, but on nothing
        link.execute(
            "update verdict set result = ? where learner = 'learner5'", (json.dumps(result),)
        )
    kept = verdicts(doctored)

    found = compare(expected, kept, run.printed)

    assert [learner for learner, _ in found.lost] == ["learner0", "learner2"]
    assert [learner for learner, _ in found.double] == ["learner1"]
    assert [learner for learner, _ in found.foreign] == ["nobody"]
    wrong = "\n".join(found.wrong)
    assert "learner4" in wrong
    assert "learner4 04_operators/03_row_sum_fast was told as failed" in wrong
    assert "learner5" in wrong
    assert not found.clean
    assert {line.split()[0] for line in table_faults(run.folder / "out/gradebook.csv", kept)} == {
        "learner0", "learner1", "learner2", "learner4", "nobody"
    }  # fmt: skip


def test_what_is_told_twice_is_double(class_: tuple[Run, list[Expected]]):
    """An answer that two parts of a run have judged is double, though the book holds it once."""
    run, expected = class_
    kept = verdicts(run.book)

    found = compare(expected, kept, [*run.printed, run.printed[0]])

    assert found.double == [run.printed[0][0]]
    assert not found.clean


def test_the_clocks_doubt_is_not_wrong(class_: tuple[Run, list[Expected]]):
    """An undecided race is told apart from a wrong verdict."""
    run, expected = class_
    first, *rest = verdicts(run.book)
    printed = [pair for pair in run.printed if pair[0] != first.answer]

    found = compare(expected, [replace(first, state="unmeasurable"), *rest], printed)

    assert (len(found.wrong), len(found.undecided)) == (0, 1)
    assert found.clean


def test_a_resumed_run_grades_nothing_again(class_: tuple[Run, list[Expected]]):
    """The next run knows every verdict; a book that changes meanwhile is a fault."""
    run, _expected = class_
    again = Run(folder=run.folder, jobs=1, kills=[8])

    again.part()

    assert not again.faults
    assert again.printed == []
    again._compare({("learner0", "04_operators/03_row_sum_fast"): 0.0, ("gone", "x"): 1.0})
    assert [fault.split()[0] for fault in again.faults] == ["gone", "learner0"]


def test_a_class_is_dealt_from_every_deck(tmp_path: Path):
    """A class of 1,000 holds every sample of chapters 1 to 4, by a seed, each file another."""
    found = decks(COURSE.select((), CHAPTERS), NOWHERE)
    hands = dict(deal(found, 1000, 1, seed=3))
    dealt = [sample for hand in hands.values() for sample in hand]

    assert {id(s) for s in dealt} == {id(s) for samples in found.values() for s in samples}
    assert hands == dict(deal(found, 1000, 1, seed=3))
    assert hands != dict(deal(found, 1000, 1, seed=4))
    several = dict(deal(found, 20, 5, seed=3))
    assert all(len({s.exercise_id for s in hand}) == 5 for hand in several.values())
    expected = hand_in(tmp_path, iter(hands.items()))
    own = [
        (tmp_path / "class" / each.learner / "exercises" / f"{each.exercise_id}.py").read_bytes()
        for each in expected
        if each.kind != "shipped"
    ]
    assert len(set(own)) == len(own)
    everything: list[Sample] = next(hand for _learner, hand in whole(found, 1))
    assert len(everything) == len(COURSE.select((), CHAPTERS))


def test_only_verdicts_are_read_from_a_log():
    """Lines of progress are verdicts; what a problem or a summary says is none."""
    log = (
        "1/2  passed        ann  01_mini/02_halve\nbob: not taken: 1/2  passed  x  y z\n1 failed\n"
    )

    assert told(log) == [(("ann", "01_mini/02_halve"), "passed")]
