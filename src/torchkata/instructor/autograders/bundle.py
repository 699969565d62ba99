"""The files that autograders run: a zip that grades anywhere, and workflows that call it.

The zip is an autograder for Gradescope, with `setup.sh` and `run_autograder` at its root
(gradescope-autograders.readthedocs.io/en/latest/specs/). The workflows for GitHub and GitLab
download the same zip and run the same two scripts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from torchkata.course import archive
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.errors import KataError
from torchkata.i18n import _
from torchkata.instructor.autograders.formats import not_graded
from torchkata.instructor.course_bundle import course_files
from torchkata.instructor.kit.wheel import build_wheel
from torchkata.result import Localize

WORKFLOWS: Final = {"github": ".github/workflows/classroom.yml", "gitlab": ".gitlab-ci.yml"}
"""The path at which each platform looks for its workflow in a learner's repository."""

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SCRIPTS: Final = ("setup.sh", "run_autograder")


def autograder_zip(
    course: Course,
    exercises: Sequence[Exercise],
    *,
    unconfined: bool = False,
    localize: Localize,
) -> bytes:
    """Return a zip that grades submissions anywhere.

    The same course and engine give the same bytes.

    Args:
        course: The course whose graders judge. The zip contains graders and references in the
            clear.
        exercises: The exercises that count.
        unconfined: Whether to grade even if the platform cannot confine submissions.
        localize: Language of the texts.
    """
    wheel_name, wheel = build_wheel()
    options = "--allow-unconfined" if unconfined else ""
    aborted = _(
        "NOT GRADED: grading was aborted because it ran out of time or memory, or because of an "
        "error in the grader. This says nothing about your code. Please tell your instructor."
    )
    scripts = {
        script: (_TEMPLATES / script).read_bytes().replace(b"@OPTIONS@", options.encode())
        for script in _SCRIPTS
    }
    results = not_graded(localize("")(aborted))
    files = {
        **scripts,
        wheel_name: wheel,
        "course.tar.gz": archive.create(course_files(course, exercises)),
        "not_graded.json": (json.dumps(results, indent=1) + "\n").encode(),
    }
    return archive.create_zip(files, executable=_SCRIPTS)


def write_workflow(platform: str, folder: Path) -> Path:
    """Write a platform's workflow at the path where it looks for it, and return the file.

    Args:
        platform: One of `WORKFLOWS`.
        folder: The repository from which learners' repositories are created.

    Raises:
        KataError: There is a different workflow already.
    """
    file = folder / WORKFLOWS[platform]
    content = (_TEMPLATES / f"{platform}.yml").read_bytes()
    if file.exists() and file.read_bytes() != content:
        raise KataError(_("{file} already exists and is different. Move it away first.", file=file))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file
