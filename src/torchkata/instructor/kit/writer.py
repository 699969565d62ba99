"""Write a kit to a folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torchkata.course.files import OPEN
from torchkata.course.packing import SEALED
from torchkata.errors import KataError, UsageError, describe_os_error
from torchkata.i18n import _, join

_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


def require_empty(out: Path) -> None:
    """Check that nothing would be overwritten.

    Args:
        out: The folder of the kit.

    Raises:
        UsageError: It is a file, or not empty.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(_("{out} is a file. Name a folder that does not exist yet.", out=out))
    if any((out / name).exists() for name in (SEALED, OPEN)):
        raise UsageError(
            _(
                "{out} already contains a kit, and somebody may be working in it. Delete that "
                "folder if nobody is, or name another one.",
                out=out,
            )
        )
    if any(out.iterdir()):
        raise UsageError(_("{out} is not empty. Name a folder that does not exist yet.", out=out))


def write_kit(files: Mapping[str, bytes], out: Path) -> None:
    """Write files to a scratch folder and rename it; file modes are the same on every machine.

    Args:
        files: By their paths below `out`.
        out: A folder that is empty or does not exist.

    Raises:
        KataError: It cannot be written; nothing is left behind.
    """
    out = out.absolute()
    scratch: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        for path, content in files.items():
            file = scratch / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(_FILE_MODE)
        for folder in (scratch, *(path for path in scratch.rglob("*") if path.is_dir())):
            folder.chmod(_FOLDER_MODE)
        if out.exists():
            out.rmdir()
        scratch.rename(out)
    except OSError as error:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        raise KataError(
            join(_("The kit cannot be written to {out}.", out=out), describe_os_error(error, out))
        ) from error
