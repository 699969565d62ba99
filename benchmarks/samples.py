"""Write the course's samples as folders that the command line can grade.

    python benchmarks/samples.py OUT

OUT/right contains the alternatives and OUT/wrong the traps: in folder 1 the first sample of each
exercise, in folder 2 the second, and so on, each with the layout of exercises/. To grade one, run
`nox -s grade -- --exercises OUT/right/1`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise

ROOT = Path(__file__).resolve().parents[1]


def sample_names(exercise: Exercise, kind: str) -> list[tuple[str, str]]:
    """Return an exercise's samples as pairs of entry point and name.

    Args:
        exercise: The exercise.
        kind: `TRAPS` or `ALTERNATIVES`.
    """
    names_by_entry: dict[str, list[str]] = exercise.solution_literal(kind, {})
    return [(entry, name) for entry, names in names_by_entry.items() for name in names]


def main() -> None:
    """Write the folders and print how many files each contains."""
    out = Path(sys.argv[1])
    for kind, folder in (("ALTERNATIVES", "right"), ("TRAPS", "wrong")):
        count = 0
        for exercise in Course(ROOT).exercises:
            source = exercise.solution_path.read_text(encoding="utf-8")
            for number, (entry, name) in enumerate(sample_names(exercise, kind), 1):
                path = out / folder / str(number) / exercise.chapter / f"{exercise.stem}.py"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{source}\n\n{entry} = {name}\n", encoding="utf-8")
                count += 1
        print(f"{count} files in {out / folder}")


if __name__ == "__main__":
    main()
