"""The files that a harness takes: the pack that grades anywhere, and what calls it.

The pack is a zip for Gradescope's autograder, with `setup.sh` and `run_autograder` in its root
(gradescope-autograders.readthedocs.io/en/latest/specs/); the workflows for GitHub and GitLab fetch
the same zip and run the same two scripts.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from torchkata.course.catalogue import Course, Exercise
from torchkata.errors import KataError
from torchkata.i18n import _
from torchkata.instructor.autograders.formats import not_graded
from torchkata.instructor.course_bundle import course_files, pack
from torchkata.instructor.kit.wheel import wheel

WORKFLOWS: Final = {"github": ".github/workflows/classroom.yml", "gitlab": ".gitlab-ci.yml"}
"""Where each harness looks for its workflow, in a learner's repository."""

_TEMPLATES: Final = Path(__file__).parent / "templates"
_PROGRAMS: Final = ("setup.sh", "run_autograder")
_UNIX: Final = 3


def grading_pack(
    course: Course, exercises: Sequence[Exercise], *, unconfined: bool = False
) -> bytes:
    """The zip that grades hand-ins anywhere; the same course and engine give the same bytes.

    Args:
        course: whose graders judge; graders and references lie in the zip as they are.
        lessons: the exercises that count.
        unconfined: grade even where nothing holds a submission back.
    """
    name, engine = wheel()
    options = "--allow-unconfined" if unconfined else ""
    with_period = _(
        "NOT GRADED: grading ended before it was done, for lack of time or memory or by a fault "
        "of its own. This says nothing about your answers. Please tell your instructor."
    )
    scripts = {
        program: (_TEMPLATES / program).read_bytes().replace(b"@OPTIONS@", options.encode())
        for program in _PROGRAMS
    }
    files = {
        **scripts,
        name: engine,
        "course.tar.gz": pack(course_files(course, exercises)),
        "not_graded.json": (json.dumps(not_graded(with_period), indent=1) + "\n").encode(),
    }
    return _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip whose entries have the same time, order and system on every machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # stored: what is large is compressed already
        for path in sorted(files):
            entry = zipfile.ZipInfo(path)  # of 1980, as early as a zip can tell
            entry.create_system = _UNIX
            entry.external_attr = (0o100755 if path in _PROGRAMS else 0o100644) << 16
            archive.writestr(entry, files[path])
    return packed.getvalue()


def write_workflow(harness: str, folder: Path) -> Path:
    """Write a harness's workflow where it looks for it, and return the file.

    Args:
        harness: one of `WORKFLOWS`.
        folder: of the repository from which learners' repositories are made.

    Raises:
        KataError: another workflow is there already.
    """
    file = folder / WORKFLOWS[harness]
    text = (_TEMPLATES / f"{harness}.yml").read_bytes()
    if file.exists() and file.read_bytes() != text:
        raise KataError(_("{file} is there already, and differs. Move it away first.", file=file))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    return file
