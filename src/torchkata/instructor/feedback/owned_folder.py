"""A folder with a file per learner: written atomically, and deleted when it is stale."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from pathlib import Path
from typing import Final

from torchkata.course.atomic_write import replace_file
from torchkata.errors import KataError
from torchkata.i18n import _

_LIST: Final = ".written.json"
_BATCH: Final = 100  # files that are written together
_OUR_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*\.(html|json)")

_PLAIN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_HASHED_NAME: Final = re.compile(r".*-[0-9a-f]{16}")  # could be the file name of another learner
_RESERVED_NAME: Final = re.compile(r"con|prn|aux|nul|com\d|lpt\d")  # devices of Windows
_MAX_SLUG: Final = 40


def file_name(learner: str) -> str:
    """Return the name of a learner's files, without suffix.

    It is safe on every system, unique for each learner, and depends on nothing but the learner's
    name. A plain lowercase name is kept. Any other name is reduced to ASCII letters and digits,
    followed by a hash of the whole name.
    """
    is_plain = _PLAIN_NAME.fullmatch(learner) and not _HASHED_NAME.fullmatch(learner)
    if is_plain and not _RESERVED_NAME.fullmatch(learner):
        return learner
    letters = unicodedata.normalize("NFKD", learner).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", letters)[:_MAX_SLUG].strip("-") or "learner"
    digest = hashlib.blake2b(learner.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{slug}-{digest}"


class OwnedFolder:
    """The files of a run, and those of earlier runs that are stale.

    The folder contains a list of the files that were written, with a digest of each. Files that
    somebody else added or changed are never deleted.

    Args:
        path: Created if it is missing.

    Raises:
        KataError: There is a file in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise KataError(
                _("{path} must be a folder. Move away the file that is there.", path=path)
            ) from error
        self._before = self._read_list()
        self._now: dict[str, str] = {}
        self._pending: dict[str, bytes] = {}

    def write(self, name: str, text: str) -> None:
        """Write a file atomically, unless it already has that content.

        Args:
            name: Of the file.
            text: Its new content.
        """
        content = text.encode("utf-8", "backslashreplace")
        digest = self._now[name] = _digest(content)
        if self._before.get(name) == digest and self._digest_on_disk(name) == digest:
            return
        self._pending[name] = content
        if len(self._pending) >= _BATCH:
            self._flush()

    def finish(self) -> None:
        """Delete the files of earlier runs that this one did not write, and update the list."""
        self._flush()
        for name, digest in self._before.items():
            if name not in self._now and self._digest_on_disk(name) == digest:
                (self.path / name).unlink(missing_ok=True)
        self._write_list(self._now)

    def _flush(self) -> None:
        """Write the pending files after the list, so that every file of ours is listed."""
        self._before |= {name: self._now[name] for name in self._pending}
        self._write_list(self._before)
        for name, content in self._pending.items():
            replace_file(self.path / name, content)
        self._pending.clear()

    def _digest_on_disk(self, name: str) -> str | None:
        file = self.path / name
        return _digest(file.read_bytes()) if file.is_file() and not file.is_symlink() else None

    def _write_list(self, digests: dict[str, str]) -> None:
        replace_file(self.path / _LIST, (json.dumps(digests, indent=0) + "\n").encode())

    def _read_list(self) -> dict[str, str]:
        try:
            digests = json.loads((self.path / _LIST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(digests, dict):
            return {}
        return {name: str(digest) for name, digest in digests.items() if _OUR_NAME.fullmatch(name)}


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
