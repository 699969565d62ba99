"""The engine as a wheel: the same source gives the same bytes, wherever and whenever it is made."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from torchkata.instructor.pack import zipped

_NAME: Final = "torchkata"
_TAG: Final = "py3-none-any"
_PACKAGE: Final = Path(__file__).parents[1]


def engine_files() -> dict[str, bytes]:
    """Every file of the engine by its path in a wheel, templates and translations included."""
    return {
        f"{_NAME}/{path.relative_to(_PACKAGE).as_posix()}": path.read_bytes()
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def engine_wheel() -> tuple[str, bytes]:
    """The name and the bytes of the wheel; what it needs is what this engine was installed with."""
    installed = distribution(_NAME)
    about, _, _readme = (installed.read_text("METADATA") or "").partition("\n\n")
    kept = [line for line in about.splitlines() if not line.startswith("License-File:")]
    folder = f"{_NAME}-{installed.version}.dist-info"
    files = {
        **engine_files(),
        f"{folder}/METADATA": ("\n".join(kept) + "\n").encode(),
        f"{folder}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: {_NAME}\nRoot-Is-Purelib: true\nTag: {_TAG}\n"
        ).encode(),
        f"{folder}/entry_points.txt": (installed.read_text("entry_points.txt") or "").encode(),
    }
    record = f"{folder}/RECORD"
    lines = [f"{path},{_digest(data)},{len(data)}" for path, data in sorted(files.items())]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    return f"{_NAME}-{installed.version}-{_TAG}.whl", zipped(files)


def _digest(data: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={found.decode().rstrip('=')}"
