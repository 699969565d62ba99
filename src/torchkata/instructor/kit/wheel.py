"""Build the engine's wheel from the files that run now, without network or build tools."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from torchkata.course import archive

_TAG: Final = "py3-none-any"
_PACKAGE: Final = Path(__file__).parents[2]
_COURSE: Final = "course.tar.gz"
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
    """The metadata of the engine that installers need.

    Attributes:
        version: Such as `0.1.0`.
        python: The Pythons it supports, such as `>=3.11`.
        fields: The lines of METADATA. There is no README among them, because the bytes of the
            wheel would then depend on another file.
        entry_points: Group, name and object of each.
    """

    version: str
    python: str
    fields: tuple[tuple[str, str], ...]
    entry_points: tuple[tuple[str, str, str], ...]


def running_release() -> Release:
    """Return the release that runs: from its project file, or as installed.

    The metadata of an editable install may be older than the project file.
    """
    project = _PACKAGE.parents[1] / "pyproject.toml"
    if _PACKAGE.parent.name == "src" and project.is_file():
        return _from_project(tomllib.loads(project.read_text(encoding="utf-8"))["project"])
    installed = distribution("torchkata")
    fields = [(name, text) for name in _FIELDS for text in installed.metadata.get_all(name, [])]
    points = [(point.group, point.name, point.value) for point in installed.entry_points]
    return Release(
        version=installed.version,
        python=installed.metadata["Requires-Python"],
        fields=tuple(fields),
        entry_points=tuple(sorted(points)),
    )


def _from_project(project: Mapping[str, Any]) -> Release:
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
        entry_points=tuple(sorted(points)),
    )


def build_wheel() -> tuple[str, bytes]:
    """Return name and content of the engine's wheel; the same engine gives the same bytes."""
    release = running_release()
    name = f"torchkata-{release.version}"
    files = engine_files()
    files |= {
        f"{name}.dist-info/{file}": text.encode()
        for file, text in (
            ("METADATA", _metadata(release)),
            ("WHEEL", _wheel_metadata()),
            ("entry_points.txt", _entry_points(release)),
        )
    }
    record = f"{name}.dist-info/RECORD"
    files[record] = _record(files, record).encode()
    return f"{name}-{_TAG}.whl", archive.create_zip(files, compress=True)


def engine_files() -> dict[str, bytes]:
    """Return every file of the package but torchkata's own course, by its path in the wheel."""
    return {
        path.relative_to(_PACKAGE.parent).as_posix(): path.read_bytes()
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file() and _is_part(path)
    }


def _is_part(path: Path) -> bool:
    hidden = path.name.startswith(".") or "__pycache__" in path.parts
    return not hidden and path.name != _COURSE


def _metadata(release: Release) -> str:
    lines = "".join(f"{name}: {text}\n" for name, text in release.fields)
    return f"Metadata-Version: 2.4\n{lines}"


def _wheel_metadata() -> str:
    return f"Wheel-Version: 1.0\nGenerator: torchkata kit\nRoot-Is-Purelib: true\nTag: {_TAG}\n"


def _entry_points(release: Release) -> str:
    lines: list[str] = []
    for group in dict.fromkeys(group for group, _name, _target in release.entry_points):
        lines.append(f"[{group}]")
        lines += [f"{name} = {target}" for of, name, target in release.entry_points if of == group]
    return "\n".join([*lines, ""])


def _record(files: Mapping[str, bytes], record: str) -> str:
    lines = []
    for path in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[path]).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode()},{len(files[path])}\n")
    return "".join(lines) + f"{record},,\n"
