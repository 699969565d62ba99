"""Names of learners as names of files: safe on every system, and different for each learner."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_MARKED: Final = re.compile(r".*-[0-9a-f]{16}")  # looks like one of ours, and might be another's
_RESERVED: Final = re.compile(r"con|prn|aux|nul|com\d|lpt\d")  # Windows has devices of these names
_LONGEST: Final = 40


def file_name(learner: str) -> str:
    """The name of a learner's files, without its ending.

    A plain name in small letters stays as it is. Of any other one letters and digits of ASCII are
    left, with a mark of the whole name behind them, so that names which differ by case, accents or
    signs alone have different files. It depends on nothing else, so a file keeps its name while
    others come and go.
    """
    plain = _PLAIN.fullmatch(learner) and not _MARKED.fullmatch(learner)
    if plain and not _RESERVED.fullmatch(learner):
        return learner
    letters = unicodedata.normalize("NFKD", learner).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", letters)[:_LONGEST].strip("-") or "learner"
    mark = hashlib.blake2b(learner.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{slug}-{mark}"
