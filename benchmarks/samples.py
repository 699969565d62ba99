"""Write the course's samples as folders that the command line can judge.

`python benchmarks/samples.py OUT` makes OUT/right (the alternatives) and OUT/wrong (the traps), one
folder of the layout of exercises/ for the first sample of each exercise, the second, and so on.
Judge one by `nox -s grade -- --exercises OUT/right/1`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise

ROOT = Path(__file__).resolve().parents[1]


def samples(exercise: Exercise, kind: str) -> list[tuple[str, str]]:
    """(entry point, name of the sample) pairs of an exercise."""
    named: dict[str, list[str]] = exercise.solution_literal(kind, {})
    return [(entry, name) for entry, names in named.items() for name in names]


def main() -> None:
    """Write the folders and say how many files they hold."""
    out = Path(sys.argv[1])
    for kind, folder in (("ALTERNATIVES", "right"), ("TRAPS", "wrong")):
        count = 0
        for exercise in Course(ROOT).exercises:
            source = exercise.solution_path.read_text(encoding="utf-8")
            for turn, (entry, name) in enumerate(samples(exercise, kind), 1):
                path = out / folder / str(turn) / exercise.chapter / f"{exercise.stem}.py"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{source}\n\n{entry} = {name}\n", encoding="utf-8")
                count += 1
        print(f"{count} files in {out / folder}")


if __name__ == "__main__":
    main()
