"""A kit's README, noxfile and project file, from the templates beside this module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import jinja2

from torchkata.course.exercise import Exercise
from torchkata.course.settings import CourseSettings
from torchkata.i18n.commands import NOX, spell_commands
from torchkata.instructor.kit.wheel import running_release

_TEMPLATES: Final = Path(__file__).parent / "template"
_PAGES: Final = {
    "README.md": "README.md.j2",
    "pyproject.toml": "pyproject.toml.j2",
    "noxfile.py": "noxfile.py",
    ".gitignore": "gitignore",
}


def kit_pages(
    exercises: Sequence[Exercise],
    *,
    wheel: str,
    examples: int,
    open_only: bool,
    settings: CourseSettings | None = None,
    program: str = NOX,
) -> dict[str, bytes]:
    """Return the pages by their paths in the kit.

    Args:
        exercises: The kit's exercises.
        wheel: Name of the engine's file.
        examples: How many exercises have open examples.
        open_only: Whether the kit has no graders and references.
        settings: The course's.
        program: What the learner runs, for the commands in the README.
    """
    release = running_release()
    variables = {
        "chapters": list(Counter(exercise.chapter for exercise in exercises).items()),
        "count": len(exercises),
        "examples": examples,
        "first": exercises[0],
        "open_only": open_only,
        "program": program,
        "python": release.python,
        "settings": settings or CourseSettings(),
        "version": release.version,
        "wheel": wheel,
    }
    pages = {}
    for path, template in _PAGES.items():
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        if template.endswith(".j2"):
            page = jinja2.Template(text, trim_blocks=True, keep_trailing_newline=True)
            text = page.render(variables)
        pages[path] = (spell_commands(text, program) if path == "README.md" else text).encode()
    return pages
