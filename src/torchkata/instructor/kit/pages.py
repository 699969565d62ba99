"""The kit's own pages: README, noxfile, project file, from templates beside this module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import jinja2

from torchkata.course.catalogue import Exercise
from torchkata.instructor.kit.wheel import release

_TEMPLATES: Final = Path(__file__).parent / "template"
_PAGES: Final = {
    "README.md": "README.md.j2",
    "pyproject.toml": "pyproject.toml.j2",
    "noxfile.py": "noxfile.py",
    ".gitignore": "gitignore",
}


def pages(
    exercises: Sequence[Exercise], *, wheel: str, examples: int, open_only: bool
) -> dict[str, bytes]:
    """The pages by their names in the kit.

    Args:
        lessons: the kit's exercises.
        wheel: the engine's file.
        examples: how many exercises have open examples.
        open_only: whether graders and references are left out.
    """
    words = {
        "chapters": list(Counter(exercise.chapter for exercise in exercises).items()),
        "count": len(exercises),
        "examples": examples,
        "first": exercises[0],
        "open_only": open_only,
        "python": release().python,
        "version": release().version,
        "wheel": wheel,
    }
    found = {}
    for name, template in _PAGES.items():
        source = (_TEMPLATES / template).read_text(encoding="utf-8")
        if template.endswith(".j2"):
            page = jinja2.Template(source, trim_blocks=True, keep_trailing_newline=True)
            source = page.render(words)
        found[name] = source.encode()
    return found
