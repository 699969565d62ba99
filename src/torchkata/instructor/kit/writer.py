"""Where a kit is written: a folder of its own, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torchkata.course.files import OPEN, SEALED
from torchkata.errors import KataError, UsageError
from torchkata.i18n import _

_FILE: Final = 0o644
_FOLDER: Final = 0o755


def require_free(out: Path) -> None:
    """Make sure that nothing would be written over.

    Raises:
        UsageError: something is there.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(_("{out} is a file; name a folder that does not exist yet.", out=out))
    if any((out / name).exists() for name in (SEALED, OPEN)):
        raise UsageError(
            _(
                "{out} holds a kit already, and somebody may work in it. Remove that folder if "
                "nobody does, or name another.",
                out=out,
            )
        )
    if any(out.iterdir()):
        raise UsageError(_("{out} is not empty; name a folder that does not exist yet.", out=out))


def write(files: Mapping[str, bytes], out: Path) -> None:
    """Write files beside the place, then put the whole there; modes are the same everywhere.

    Args:
        files: by their paths below `out`.
        out: a folder that is empty or does not exist.

    Raises:
        KataError: it cannot be written; nothing is left behind.
    """
    out = out.absolute()
    fresh: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        for path, content in files.items():
            file = fresh / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(_FILE)
        for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            folder.chmod(_FOLDER)
        if out.exists():
            out.rmdir()
        fresh.rename(out)
    except OSError as error:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
        raise KataError(
            _("The kit cannot be written to {out}: {why}", out=out, why=error)
        ) from error
