"""The folder that `torchkata init` writes: torchkata's own course, as a kit for one learner."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from torchkata.course import archive
from torchkata.course.discovery import name_exercises
from torchkata.course.exercise import Exercise
from torchkata.course.packing import pack_course
from torchkata.errors import KataError
from torchkata.i18n import _
from torchkata.instructor.kit.pages import kit_pages
from torchkata.instructor.kit.wheel import build_wheel, running_release

_PACKED: Final = Path(__file__).parent / "course.tar.gz"
_REPOSITORY: Final = Path(__file__).resolve().parents[4]


def starter_kit(out: Path, program: str) -> tuple[dict[str, bytes], list[Exercise]]:
    """Return the files of a learner's folder, by path, and its exercises.

    Args:
        out: the folder that will contain them.
        program: what the learner runs, for the commands in its README.

    Raises:
        KataError: this installation has no course.
    """
    files = archive.read(_packed_course())
    paths = [PurePosixPath(path) for path in files if path.startswith("exercises/")]
    stubs = {(path.parts[1], path.stem) for path in paths if path.suffix == ".py"}
    exercises = [Exercise(out, *each) for each in name_exercises(stubs)]
    wheel_name, wheel = build_wheel()
    files[wheel_name] = wheel
    files |= kit_pages(exercises, wheel=wheel_name, examples=0, open_only=False, program=program)
    return files, exercises


def _packed_course() -> bytes:
    """Return the course in the wheel, or that of the repository from which this runs."""
    if _PACKED.is_file():
        return _PACKED.read_bytes()
    if not (_REPOSITORY / "exercises").is_dir() or not (_REPOSITORY / "solutions").is_dir():
        raise KataError(
            _(
                "This torchkata was installed without its course. Install it from its package "
                "index or repository: pip install --force-reinstall torchkata"
            )
        )
    try:
        return pack_course(_REPOSITORY, running_release().version)
    except ValueError as error:
        raise KataError(str(error)) from error
