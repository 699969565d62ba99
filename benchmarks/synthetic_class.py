"""Make a class by script: hand-ins whose verdicts are known, and a list of those verdicts.

    python benchmarks/synthetic_class.py OUT [--learners 1000] [--answers 1] [--seed 1] [--whole]

OUT/class holds a folder per learner, OUT/expected.json the verdict that each answer has to get. The
answers are solutions, traps, alternatives and stubs of chapters 1 to 4 and the cheats of
tests/cheats; each kind is a deck that is shuffled, dealt, and dealt again, so that a class of 1,000
holds every sample several times. Equal files are judged once, so a comment with the learner's
number makes each file differ; only stubs as shipped are handed in alike, for that is what they are.
With --whole every learner hands in the solution of every exercise.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from samples import ROOT, samples

from torchkata.course.catalogue import Course, Exercise

CHAPTERS = ("01_basics", "02_modules", "03_broadcasting", "04_operators")
SHARES = {"solution": 24, "trap": 38, "alternative": 20, "cheat": 12, "shipped": 3, "touched": 3}
"""Of a hundred answers, how many are of each kind; `touched` is a stub with a comment added."""

NOWHERE = {"PORT": "9", "VICTIM": "4194305", "JUDGE": "4194305", "SECRET": "f00dcafe"}
"""What cheats reach for where nobody has set a stage: no process has a number that large."""

_BY_LIMIT = ("93_slow_walk",)
"""Cheats whose verdict hangs on the time limit: their tests set it lower than a class does."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file whose verdict is known.

    Attributes:
        exercise: the id.
        kind: one of `SHARES`.
        name: of the trap, the alternative or the cheat.
        source: the file's text.
        state: that the exercise has to get.
        axis: one on which it has to fail; empty where any will do.
    """

    exercise_id: str
    kind: str
    name: str
    source: str
    state: str
    axis: str = ""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a learner's answer has to get; attributes as in `Sample`."""

    learner: str
    exercise_id: str
    kind: str
    name: str
    state: str
    axis: str


def decks(exercises: Sequence[Exercise], places: Mapping[str, str]) -> dict[str, list[Sample]]:
    """Every sample there is, by kind.

    Args:
        lessons: whose samples; cheats come with the exercise that they are written for.
        places: what the marks in the cheats' texts stand for, such as FOLDER.
    """
    found: dict[str, list[Sample]] = {kind: [] for kind in SHARES}
    for exercise in exercises:
        for sample in _samples(exercise):
            found[sample.kind].append(sample)
    ids = {exercise.name: exercise.id for exercise in exercises}
    for file in sorted((ROOT / "tests" / "cheats").glob("*.py")):
        if file.stem in _BY_LIMIT:
            continue
        text = file.read_text(encoding="utf-8")
        if (exercise_id := ids.get(_word(text, "Exercise"))) is not None:
            state, _, axis = _word(text, "Confined").partition(" ")
            for name, value in places.items():
                text = text.replace(f"@{name}@", value)
            found["cheat"].append(_sample(exercise_id, "cheat", file.stem, text, state, axis))
    return found


def _samples(exercise: Exercise) -> Iterator[Sample]:
    solution = exercise.solution_path.read_text(encoding="utf-8")
    stub = exercise.stub_path.read_text(encoding="utf-8")
    axes: dict[str, dict[str, str]] = exercise.solution_literal("TRAPS", {})
    yield _sample(exercise.id, "solution", "", solution, "passed")
    for entry, name in samples(exercise, "TRAPS"):
        bound = f"{solution}\n\n{entry} = {name}\n"
        yield _sample(exercise.id, "trap", name, bound, "failed", axes[entry][name])
    for entry, name in samples(exercise, "ALTERNATIVES"):
        yield _sample(
            exercise.id, "alternative", name, f"{solution}\n\n{entry} = {name}\n", "passed"
        )
    yield _sample(exercise.id, "shipped", "", stub, "todo")
    fault = exercise.grader.spec.broken_axis or ""
    yield _sample(exercise.id, "touched", "", stub, "failed" if fault else "todo", fault)


def _sample(
    exercise_id: str, kind: str, name: str, source: str, state: str, axis: str = ""
) -> Sample:
    return Sample(
        exercise_id=exercise_id, kind=kind, name=name, source=source, state=state, axis=axis
    )


def _word(text: str, name: str) -> str:
    """What stands behind a name in a cheat's head."""
    lines = (line.split(maxsplit=1) for line in text.splitlines())
    return next((words[1] for words in lines if len(words) == 2 and words[0] == name), "")


def deal(
    of_kind: Mapping[str, list[Sample]], learners: int, answers: int, seed: int
) -> Iterator[tuple[str, list[Sample]]]:
    """Give each learner so many samples of different exercises."""
    rng = random.Random(seed)
    shares = {kind: share for kind, share in SHARES.items() if of_kind[kind]}
    left: dict[str, list[Sample]] = {kind: [] for kind in shares}
    for number in range(1, learners + 1):
        hand: dict[str, Sample] = {}
        while len(hand) < answers:
            (kind,) = rng.choices(list(shares), list(shares.values()))
            if not left[kind]:
                left[kind] = rng.sample(of_kind[kind], len(of_kind[kind]))
            sample = left[kind].pop()
            if sample.exercise_id in hand:
                left[kind].insert(0, sample)  # for a later learner
            else:
                hand[sample.exercise_id] = sample
        yield f"learner{number:05}", list(hand.values())


def whole(of_kind: Mapping[str, list[Sample]], learners: int) -> Iterator[tuple[str, list[Sample]]]:
    """Give each learner the solution of every exercise."""
    for number in range(1, learners + 1):
        yield f"learner{number:05}", of_kind["solution"]


def hand_in(out: Path, hands: Iterator[tuple[str, list[Sample]]]) -> list[Expected]:
    """Write a class to `out`, and return what each of its answers has to get."""
    expected: list[Expected] = []
    for learner, hand in hands:
        for sample in hand:
            path = out / "class" / learner / "exercises" / f"{sample.exercise_id}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            own = "" if sample.kind == "shipped" else f"\n# {learner}\n"
            path.write_text(sample.source + own, encoding="utf-8")
            known = {name: value for name, value in asdict(sample).items() if name != "source"}
            expected.append(Expected(learner=learner, **known))
    listed = json.dumps([asdict(each) for each in expected], indent=1)
    (out / "expected.json").write_text(listed, encoding="utf-8")
    return expected


def main() -> None:
    """Make a class and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--answers", type=int, default=1, help="exercises that each hands in")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="every exercise's solution each")
    options = parser.parse_args()
    exercises = Course(ROOT).select((), CHAPTERS)
    found = decks(exercises, {**NOWHERE, "FOLDER": str(options.out), "COURSE": str(ROOT)})
    hands = (
        whole(found, options.learners)
        if options.whole
        else deal(found, options.learners, options.answers, options.seed)
    )
    expected = hand_in(options.out, hands)
    print(f"{options.learners} learners, {len(expected)} answers in {options.out / 'class'}")
    for kind, count in Counter(each.kind for each in expected).items():
        print(f"  {count} {kind}, of {len(found[kind])} samples")


if __name__ == "__main__":
    main()
