"""Start a course: settings, one sound exercise, helpers, sessions and continuous integration."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from torchkata.instructor.kit.wheel import running_release

_TEMPLATE: Final = Path(__file__).parent / "course_template"
_SUFFIX: Final = ".txt"  # keeps tools from reading the template's files as code of the engine
_DOT: Final = "dot_"
TORCH: Final = "torch==2.13.0"


def course_files() -> dict[str, bytes]:
    """Return the files of a new course, by path."""
    values = {"@VERSION@": running_release().version, "@TORCH@": TORCH}
    files = {}
    for template in sorted(_TEMPLATE.rglob(f"*{_SUFFIX}")):
        text = template.read_text(encoding="utf-8")
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        files[_target(template.relative_to(_TEMPLATE).as_posix())] = text.encode()
    return files


def _target(path: str) -> str:
    """Return the path of a template's file in the course, such as `.gitignore`."""
    parts = PurePosixPath(path.removesuffix(_SUFFIX)).parts
    return "/".join(
        f".{part.removeprefix(_DOT)}" if part.startswith(_DOT) else part for part in parts
    )
