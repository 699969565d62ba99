"""The engine as a wheel: put together from the files that run now, without network or builder."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

_TAG: Final = "py3-none-any"
_FIELDS: Final = (
    "Name",
    "Version",
    "Summary",
    "License-Expression",
    "Requires-Python",
    "Provides-Extra",
    "Requires-Dist",
)
_MODE: Final = 0o100644 << 16


def wheel() -> tuple[str, bytes]:
    """Name and content of the engine's wheel; the same engine gives the same bytes."""
    known = distribution("torchkata")
    release = f"{known.name}-{known.version}"
    files = engine_files()
    files |= {
        f"{release}.dist-info/{name}": text.encode()
        for name, text in (
            ("METADATA", _metadata(known)),
            ("WHEEL", _about()),
            ("entry_points.txt", _entry_points(known)),
        )
    }
    record = f"{release}.dist-info/RECORD"
    files[record] = _record(files, record).encode()
    return f"{release}-{_TAG}.whl", _zipped(files)


def engine_files() -> dict[str, bytes]:
    """Every file of the package, by its path in the wheel."""
    package = Path(__file__).parents[2]
    return {
        path.relative_to(package.parent).as_posix(): path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def _metadata(known: Distribution) -> str:
    """What an installer has to know; the README would make the bytes depend on another file."""
    lines = ["Metadata-Version: 2.4"]
    for field in _FIELDS:
        lines += [f"{field}: {value}" for value in known.metadata.get_all(field, [])]
    return "\n".join(lines) + "\n"


def _about() -> str:
    return f"Wheel-Version: 1.0\nGenerator: torchkata kit\nRoot-Is-Purelib: true\nTag: {_TAG}\n"


def _entry_points(known: Distribution) -> str:
    points = sorted((point.group, point.name, point.value) for point in known.entry_points)
    groups = dict.fromkeys(group for group, _, _ in points)
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for g, name, value in points if g == group)
        for group in groups
    )


def _record(files: Mapping[str, bytes], record: str) -> str:
    lines = []
    for path in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[path]).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode()},{len(files[path])}\n")
    return "".join(lines) + f"{record},,\n"


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip whose entries have the same time, mode and system on every machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path)  # of 1980, as early as a zip can tell
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, _MODE
            archive.writestr(entry, files[path])
    return buffer.getvalue()
