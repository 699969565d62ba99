"""Which exercises there are: found by listing folders, and called by the shortest clear name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

_NUMBERED = re.compile(r"\d\d_\w+")
_FOLDERS = ("exercises", "solutions", "tests")


def exercises_below(root: Path) -> list[tuple[str, str, str]]:
    """Chapter, `NN_name` and name of every exercise, in order; empty where there is no course.

    The name is the short one, or `CHAPTER_NAME/name` where that is not unique.

    Args:
        root: the folder that holds `exercises`, `solutions` and `tests`.
    """
    found = sorted(
        {
            (chapter.name, path.stem.removeprefix("test_"))
            for folder in _FOLDERS
            if (root / folder).is_dir()
            for chapter in (root / folder).iterdir()
            if _NUMBERED.fullmatch(chapter.name)
            for path in chapter.glob("*.py")
            if _NUMBERED.fullmatch(path.stem.removeprefix("test_"))
        }
    )
    uses = Counter(stem[3:] for _, stem in found)
    return [
        (chapter, stem, stem[3:] if uses[stem[3:]] == 1 else f"{chapter[3:]}/{stem[3:]}")
        for chapter, stem in found
    ]
