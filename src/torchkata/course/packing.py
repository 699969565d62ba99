"""Pack a course for learners into one archive; imports no library, for the build of the wheel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from torchkata.course import archive
from torchkata.course.sealing import seal
from torchkata.course.stub_digest import digest

SEALED: Final = "graders.sealed"
"""In a kit: graders, references and original stubs."""

_CHAPTERS: Final = "[0-9][0-9]_*"
_IN_THE_CLEAR: Final = ("LICENSE", "course.toml")
_DIGEST: Final = re.compile(rb'stub_digest="(\w*)"')


def pack_course(root: Path, version: str) -> bytes:
    """Return an archive of a learner's folder: stubs, translations, and sealed graders.

    The same course gives the same bytes.

    Args:
        root: the course's repository.
        version: of the engine.

    Raises:
        ValueError: a stub has been edited, so learners would get somebody's solution.
    """
    files = {name: (root / name).read_bytes() for name in _IN_THE_CLEAR if (root / name).is_file()}
    hidden: dict[str, bytes] = {}
    for path in sorted(root.glob(f"exercises/{_CHAPTERS}/[0-9][0-9]_*.py")):
        stub, name = path.read_bytes(), path.relative_to(root).as_posix()
        grader = root / "tests" / path.parent.name / f"test_{path.name}"
        sealed_as = _DIGEST.search(grader.read_bytes())
        if sealed_as is None or digest(stub) != sealed_as[1].decode():
            raise ValueError(f"{name} is not the original stub. Restore it: git checkout -- {name}")
        files[name] = hidden[name] = stub
    for pattern, target in (
        (f"exercises/{_CHAPTERS}/*/*.po", files),
        (f"solutions/{_CHAPTERS}/[0-9][0-9]_*.py", hidden),
        (f"solutions/{_CHAPTERS}/*/*.po", hidden),
        (f"tests/{_CHAPTERS}/test_*.py", hidden),
        ("tests/course_helpers/**/*.py", hidden),
    ):
        for path in sorted(root.glob(pattern)):
            target[path.relative_to(root).as_posix()] = path.read_bytes()
    files[SEALED] = seal(hidden, version)
    return archive.create(files)
