"""The engine as a wheel: put together from the files that run now, without network or builder."""

from __future__ import annotations

import base64
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

_TAG: Final = "py3-none-any"
_PACKAGE: Final = Path(__file__).parents[2]
_MODE: Final = 0o100644 << 16
_FIELDS: Final = (
    "Name",
    "Version",
    "Summary",
    "License-Expression",
    "Requires-Python",
    "Provides-Extra",
    "Requires-Dist",
)


@dataclass(frozen=True, kw_only=True)
class Release:
    """What an installer has to know of the engine.

    Attributes:
        version: such as `0.1.0`.
        python: which Pythons it runs on, such as `>=3.11`.
        fields: the lines of its METADATA; a README would make the bytes depend on another file.
        points: of entry: group, name, object.
    """

    version: str
    python: str
    fields: tuple[tuple[str, str], ...]
    points: tuple[tuple[str, str, str], ...]


def release() -> Release:
    """The release that runs: by its project file where it runs from source, else as installed.

    What is installed for a source folder may be older than its project file.
    """
    project = _PACKAGE.parents[1] / "pyproject.toml"
    if _PACKAGE.parent.name == "src" and project.is_file():
        return _of_project(tomllib.loads(project.read_text(encoding="utf-8"))["project"])
    known = distribution("torchkata")
    fields = [(name, text) for name in _FIELDS for text in known.metadata.get_all(name, [])]
    points = [(point.group, point.name, point.value) for point in known.entry_points]
    return Release(
        version=known.version,
        python=known.metadata["Requires-Python"],
        fields=tuple(fields),
        points=tuple(sorted(points)),
    )


def _of_project(project: Mapping[str, Any]) -> Release:
    extras = project["optional-dependencies"]
    values = {
        "Name": [project["name"]],
        "Version": [project["version"]],
        "Summary": [project["description"]],
        "License-Expression": [project["license"]],
        "Requires-Python": [project["requires-python"]],
        "Provides-Extra": sorted(extras),
        "Requires-Dist": [
            *project["dependencies"],
            *(f"{each}; extra == '{extra}'" for extra in sorted(extras) for each in extras[extra]),
        ],
    }
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    points = [(group, name, groups[group][name]) for group in groups for name in groups[group]]
    return Release(
        version=project["version"],
        python=project["requires-python"],
        fields=tuple((field, text) for field in _FIELDS for text in values[field]),
        points=tuple(sorted(points)),
    )


def wheel() -> tuple[str, bytes]:
    """Name and content of the engine's wheel; the same engine gives the same bytes."""
    known = release()
    name = f"torchkata-{known.version}"
    files = engine_files()
    files |= {
        f"{name}.dist-info/{file}": text.encode()
        for file, text in (
            ("METADATA", _metadata(known)),
            ("WHEEL", _about()),
            ("entry_points.txt", _entry_points(known)),
        )
    }
    record = f"{name}.dist-info/RECORD"
    files[record] = _record(files, record).encode()
    return f"{name}-{_TAG}.whl", _zipped(files)


def engine_files() -> dict[str, bytes]:
    """Every file of the package, by its path in the wheel."""
    return {
        path.relative_to(_PACKAGE.parent).as_posix(): path.read_bytes()
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def _metadata(known: Release) -> str:
    return "Metadata-Version: 2.4\n" + "".join(f"{name}: {text}\n" for name, text in known.fields)


def _about() -> str:
    return f"Wheel-Version: 1.0\nGenerator: torchkata kit\nRoot-Is-Purelib: true\nTag: {_TAG}\n"


def _entry_points(known: Release) -> str:
    lines: list[str] = []
    for group in dict.fromkeys(group for group, _, _ in known.points):
        lines.append(f"[{group}]")
        lines += [f"{name} = {thing}" for of, name, thing in known.points if of == group]
    return "\n".join([*lines, ""])


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
