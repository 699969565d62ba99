"""Make a class by script: submissions with known verdicts, and a list of these verdicts.

    python benchmarks/synthetic_class.py OUT [--learners 1000] [--files 1] [--seed 1] [--whole]

OUT/class contains a folder per learner, OUT/expected.json the expected verdict of each file. The
files are solutions, traps, alternatives and stubs of chapters 1 to 4, and the cheats in
tests/cheats. The samples of each kind are shuffled, dealt, and dealt again, so that a class of
1,000 contains every sample several times. Equal files are graded once, so a comment with the
learner's name makes each file different, except for untouched stubs. With --whole, every learner
submits the solution of every exercise.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from samples import ROOT, sample_names

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise

CHAPTERS = ("01_basics", "02_modules", "03_broadcasting", "04_operators")
PERCENTAGES = {
    "solution": 24, "trap": 38, "alternative": 20, "cheat": 12, "untouched": 3, "commented": 3
}  # fmt: skip
"""The percentage of files of each kind; `commented` is a stub with a comment added."""

NO_TARGETS = {"PORT": "9", "VICTIM": "4194305", "JUDGE": "4194305", "SECRET": "f00dcafe"}
"""Targets for cheats that do not exist; no process has so large a number."""

_NEED_SHORT_LIMIT = ("93_slow_walk",)
"""Cheats whose verdict depends on a shorter time limit than that of a class."""

Hands = Iterator[tuple[str, list["Sample"]]]
"""Each learner with their files."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file with a known verdict.

    Attributes:
        exercise_id: `CHAPTER/NN_name`.
        kind: One of `PERCENTAGES`.
        name: Of the trap, the alternative or the cheat.
        source: The content of the file.
        state: The expected state of the exercise.
        axis: An axis on which it must fail; empty for any.
    """

    exercise_id: str
    kind: str
    name: str
    source: str
    state: str
    axis: str = ""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The expected verdict of a learner's file; see `Sample` for the attributes."""

    learner: str
    exercise_id: str
    kind: str
    name: str
    state: str
    axis: str


def all_samples(
    exercises: Sequence[Exercise], targets: Mapping[str, str]
) -> dict[str, list[Sample]]:
    """Return every sample, by kind.

    Args:
        exercises: The exercises; a cheat is included if its exercise is.
        targets: Replacements of the placeholders in cheats, such as FOLDER.
    """
    by_kind: dict[str, list[Sample]] = {kind: [] for kind in PERCENTAGES}
    for exercise in exercises:
        for sample in _exercise_samples(exercise):
            by_kind[sample.kind].append(sample)
    ids = {exercise.name: exercise.id for exercise in exercises}
    for file in sorted((ROOT / "tests" / "cheats").glob("*.py")):
        if file.stem in _NEED_SHORT_LIMIT:
            continue
        text = file.read_text(encoding="utf-8")
        if (exercise_id := ids.get(_header_field(text, "Exercise"))) is not None:
            state, _space, axis = _header_field(text, "Confined").partition(" ")
            for name, value in targets.items():
                text = text.replace(f"@{name}@", value)
            by_kind["cheat"].append(_sample(exercise_id, "cheat", file.stem, text, state, axis))
    return by_kind


def _exercise_samples(exercise: Exercise) -> Iterator[Sample]:
    solution = exercise.solution_path.read_text(encoding="utf-8")
    stub = exercise.stub_path.read_text(encoding="utf-8")
    axes: dict[str, dict[str, str]] = exercise.solution_literal("TRAPS", {})
    yield _sample(exercise.id, "solution", "", solution, "passed")
    for entry, name in sample_names(exercise, "TRAPS"):
        bound = f"{solution}\n\n{entry} = {name}\n"
        yield _sample(exercise.id, "trap", name, bound, "failed", axes[entry][name])
    for entry, name in sample_names(exercise, "ALTERNATIVES"):
        bound = f"{solution}\n\n{entry} = {name}\n"
        yield _sample(exercise.id, "alternative", name, bound, "passed")
    yield _sample(exercise.id, "untouched", "", stub, "todo")
    axis = exercise.spec.broken_axis
    yield _sample(exercise.id, "commented", "", stub, "failed" if axis else "todo", axis)


def _sample(
    exercise_id: str, kind: str, name: str, source: str, state: str, axis: str = ""
) -> Sample:
    return Sample(
        exercise_id=exercise_id, kind=kind, name=name, source=source, state=state, axis=axis
    )


def _header_field(text: str, name: str) -> str:
    """Return a field of the docstring of a cheat."""
    lines = (line.split(maxsplit=1) for line in text.splitlines())
    return next((parts[1] for parts in lines if len(parts) == 2 and parts[0] == name), "")


def deal(by_kind: Mapping[str, list[Sample]], learners: int, files: int, seed: int) -> Hands:
    """Give each learner so many samples of different exercises."""
    rng = random.Random(seed)
    percentages = {kind: percent for kind, percent in PERCENTAGES.items() if by_kind[kind]}
    left: dict[str, list[Sample]] = {kind: [] for kind in percentages}
    for number in range(1, learners + 1):
        hand: dict[str, Sample] = {}
        while len(hand) < files:
            (kind,) = rng.choices(list(percentages), list(percentages.values()))
            if not left[kind]:
                left[kind] = rng.sample(by_kind[kind], len(by_kind[kind]))
            sample = left[kind].pop()
            if sample.exercise_id in hand:
                left[kind].insert(0, sample)  # for a later learner
            else:
                hand[sample.exercise_id] = sample
        yield f"learner{number:05}", list(hand.values())


def deal_solutions(by_kind: Mapping[str, list[Sample]], learners: int) -> Hands:
    """Give each learner the solution of every exercise."""
    for number in range(1, learners + 1):
        yield f"learner{number:05}", by_kind["solution"]


def write_class(out: Path, hands: Hands) -> list[Expected]:
    """Write a class to `out` and return the expected verdict of each file."""
    expected: list[Expected] = []
    for learner, hand in hands:
        for sample in hand:
            path = out / "class" / learner / "exercises" / f"{sample.exercise_id}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            comment = "" if sample.kind == "untouched" else f"\n# {learner}\n"
            path.write_text(sample.source + comment, encoding="utf-8")
            fields = {name: value for name, value in asdict(sample).items() if name != "source"}
            expected.append(Expected(learner=learner, **fields))
    text = json.dumps([asdict(each) for each in expected], indent=1)
    (out / "expected.json").write_text(text, encoding="utf-8")
    return expected


def main() -> None:
    """Write a class and print what it contains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--files", type=int, default=1, help="exercises that each submits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="submit every exercise's solution")
    options = parser.parse_args()
    exercises = Course(ROOT).select((), CHAPTERS)
    targets = {**NO_TARGETS, "FOLDER": str(options.out), "COURSE": str(ROOT)}
    by_kind = all_samples(exercises, targets)
    hands = (
        deal_solutions(by_kind, options.learners)
        if options.whole
        else deal(by_kind, options.learners, options.files, options.seed)
    )
    expected = write_class(options.out, hands)
    print(f"{options.learners} learners, {len(expected)} files in {options.out / 'class'}")
    for kind, count in Counter(each.kind for each in expected).items():
        print(f"  {count} {kind}, of {len(by_kind[kind])} samples")


if __name__ == "__main__":
    main()
