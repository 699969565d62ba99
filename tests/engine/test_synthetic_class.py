"""The synthetic class gets its expected verdicts; lost, double and wrong ones are detected."""

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

from class_run import Run, cheat_targets
from class_verdicts import (
    Verdict,
    compare,
    printed_verdicts,
    read_verdicts,
    table_differences,
)
from samples import ROOT
from synthetic_class import (
    CHAPTERS,
    NO_TARGETS,
    Expected,
    Sample,
    all_samples,
    deal,
    deal_solutions,
    write_class,
)

COURSE = Course(ROOT)
CHEATS = ("24_read_solutions", "77_signal_or_stop_judge")
pytestmark = pytest.mark.skipif(
    available_confinement().level != "full",
    reason="grading a class needs full confinement",
)


@pytest.fixture(scope="module")
def graded_class(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Run, list[Expected]]]:
    """Grade eight learners, with a sample of every kind, as an instructor does with two judges."""
    folder = tmp_path_factory.mktemp("class")
    with cheat_targets(folder) as (targets, damage):
        by_kind = all_samples(COURSE.select(("row_sum_fast", "in_place")), targets)
        traps = by_kind["trap"]
        chosen = [by_kind["solution"][0], by_kind["alternative"][-1]]
        chosen += [by_kind["untouched"][0], by_kind["commented"][-1]]
        chosen += [next(s for s in traps if s.axis == axis) for axis in ("values", "speed")]
        chosen += [sample for sample in by_kind["cheat"] if sample.name in CHEATS]
        expected = write_class(folder, ((f"learner{n}", [s]) for n, s in enumerate(chosen)))
        run = Run(folder=folder, jobs=2)
        run.run_part()
    assert not damage
    assert not run.faults
    yield run, expected


def test_every_file_gets_its_expected_verdict(graded_class: tuple[Run, list[Expected]]):
    """Every kind of file gets its verdict once, in the gradebook, the output and the table."""
    run, expected = graded_class
    verdicts = read_verdicts(run.gradebook)

    differences = compare(expected, verdicts, run.printed)

    assert differences.clean, list(differences.lines())
    assert len(verdicts) == len(run.printed) == len(expected) == 8
    assert {each.kind for each in expected} == {
        "solution", "trap", "alternative", "cheat", "untouched", "commented"
    }  # fmt: skip
    assert table_differences(run.folder / "out/gradebook.csv", verdicts) == []
    assert run.watch is not None
    assert run.watch.quarters()["peak_mib"] > 100


def test_a_manipulated_gradebook_is_detected(
    graded_class: tuple[Run, list[Expected]], tmp_path: Path
):
    """A deleted verdict, a double one, a changed one and a foreign one are detected."""
    run, expected = graded_class
    copy = tmp_path / "manipulated.sqlite"
    with contextlib.closing(sqlite3.connect(run.gradebook)) as connection:
        connection.execute("vacuum into ?", (str(copy),))
    with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
        execute = connection.execute
        execute("create table loose as select * from verdict")  # without its primary key
        execute("drop table verdict")
        execute("alter table loose rename to verdict")
        execute("delete from verdict where learner = 'learner0'")
        execute("update verdict set state = 'passed' where learner = 'learner4'")
        execute("insert into verdict select * from verdict where learner = 'learner1'")
        execute("update verdict set learner = 'nobody' where learner = 'learner2'")
        result = {"checks": [], "seconds": 1, "output": ""}  # failed, but on no axis
        execute("update verdict set result = ? where learner = 'learner5'", (json.dumps(result),))
    verdicts = read_verdicts(copy)

    differences = compare(expected, verdicts, run.printed)

    assert [learner for learner, _exercise in differences.lost] == ["learner0", "learner2"]
    assert [learner for learner, _exercise in differences.double] == ["learner1"]
    assert [learner for learner, _exercise in differences.foreign] == ["nobody"]
    wrong = "\n".join(differences.wrong)
    assert "learner4" in wrong
    assert "learner4 04_operators/03_row_sum_fast was printed as failed" in wrong
    assert "learner5" in wrong
    assert not differences.clean
    table = table_differences(run.folder / "out/gradebook.csv", verdicts)
    assert {line.split()[0] for line in table} == {
        "learner0", "learner1", "learner2", "learner4", "nobody"
    }  # fmt: skip


def test_a_verdict_printed_twice_is_double(graded_class: tuple[Run, list[Expected]]):
    """A file that two parts of a run have graded is double, even if it is stored once."""
    run, expected = graded_class
    verdicts = read_verdicts(run.gradebook)

    differences = compare(expected, verdicts, [*run.printed, run.printed[0]])

    assert differences.double == [run.printed[0][0]]
    assert not differences.clean


def test_an_undecided_race_is_not_wrong(graded_class: tuple[Run, list[Expected]]):
    """Undecided races are counted separately from wrong verdicts."""
    run, expected = graded_class
    first, *others = read_verdicts(run.gradebook)
    printed = [pair for pair in run.printed if pair[0] != first.key]
    undecided: Verdict = replace(first, state="unmeasurable")

    differences = compare(expected, [undecided, *others], printed)

    assert (len(differences.wrong), len(differences.undecided)) == (0, 1)
    assert differences.clean


def test_a_resumed_run_grades_nothing_again(graded_class: tuple[Run, list[Expected]]):
    """The next run uses every stored verdict; a verdict that changes is a fault."""
    run, _expected = graded_class
    again = Run(folder=run.folder, jobs=1, stored=[8])

    again.run_part()

    assert not again.faults
    assert again.printed == []
    again._compare_with({("learner0", "04_operators/03_row_sum_fast"): 0.0, ("gone", "x"): 1.0})
    assert [fault.split()[0] for fault in again.faults] == ["gone", "learner0"]


def test_a_class_contains_every_sample(tmp_path: Path):
    """A class of 1,500 has every sample of chapters 1 to 4, and each file is different."""
    by_kind = all_samples(COURSE.select((), CHAPTERS), NO_TARGETS)
    hands = dict(deal(by_kind, 1500, 1, seed=3))
    dealt = [sample for hand in hands.values() for sample in hand]

    assert {id(s) for s in dealt} == {id(s) for samples in by_kind.values() for s in samples}
    assert hands == dict(deal(by_kind, 1500, 1, seed=3))
    assert hands != dict(deal(by_kind, 1500, 1, seed=4))
    several = dict(deal(by_kind, 20, 5, seed=3))
    assert all(len({s.exercise_id for s in hand}) == 5 for hand in several.values())
    expected = write_class(tmp_path, iter(hands.items()))
    contents = [
        (tmp_path / "class" / each.learner / "exercises" / f"{each.exercise_id}.py").read_bytes()
        for each in expected
        if each.kind != "untouched"
    ]
    assert len(set(contents)) == len(contents)
    everything: list[Sample] = next(hand for _learner, hand in deal_solutions(by_kind, 1))
    assert len(everything) == len(COURSE.select((), CHAPTERS))


def test_only_verdicts_are_read_from_the_output():
    """Lines of progress are verdicts; lines with problems and summaries are not."""
    log = "1/2  passed        ann  01_mini/02_halve\nbob: rejected: 1/2  passed  x  y z\n1 failed\n"

    assert printed_verdicts(log) == [(("ann", "01_mini/02_halve"), "passed")]
