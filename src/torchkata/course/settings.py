"""The settings of a course: its optional file `course.toml`, validated."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from torchkata.course.files import CourseFiles
from torchkata.errors import CourseError
from torchkata.i18n.catalogues import find_language, languages

FILE: Final = "course.toml"


@dataclass(frozen=True, kw_only=True)
class CourseSettings:
    """What an author decides for the whole course.

    Attributes:
        title: of the course, for the pages of its kits.
        language: of the messages, such as `zh-CN`; empty to follow the reader's locale.
        contact: whom to tell about faults of the course, such as an e-mail address.
        licence: an SPDX identifier such as `MIT`, for kits.
        weights: points by exercise (`CHAPTER/NN_name`) or chapter, instead of those of the specs.
        deadline: the default of the gradebook's `--deadline`; with a time zone.
        requires: packages that graders need, such as `torchvision>=0.20`.
    """

    title: str = ""
    language: str = ""
    contact: str = ""
    licence: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    deadline: datetime | None = None
    requires: tuple[str, ...] = ()

    def weight(self, chapter: str, stem: str) -> float | None:
        """Return the points of an exercise; None if its spec decides."""
        return self.weights.get(f"{chapter}/{stem}", self.weights.get(chapter))


def read_settings(files: CourseFiles) -> CourseSettings:
    """Read `course.toml`; without that file, everything has its default.

    Raises:
        CourseError: the file is no TOML, or a setting is unknown or has a wrong value.
    """
    data = files.read(FILE)
    return CourseSettings() if data is None else _parse(data)


@lru_cache(maxsize=8)
def _parse(data: bytes) -> CourseSettings:
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{FILE} is no valid TOML file: {error}") from error
    for name in values:
        if name not in _CHECKS:
            near = get_close_matches(name, _CHECKS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise CourseError(
                f"{FILE}: there is no setting {name!r}. Settings: {', '.join(_CHECKS)}.{hint}"
            )
    return CourseSettings(**{name: _CHECKS[name](name, values[name]) for name in values})


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "a text in quotes", value)
    return value.strip()


def _language(name: str, value: object) -> str:
    text = _text(name, value)
    language = find_language(text) if text else ""
    if language is None:
        raise _wrong(name, f"one of {', '.join(languages())}", value)
    return language


def _weights(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        raise _wrong(name, "a table such as [weights]", value)
    for exercise, points in value.items():
        if isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
            raise _wrong(f"{name}.{exercise}", "a number of points, at least 0", points)
    return {exercise: float(points) for exercise, points in value.items()}


def _deadline(name: str, value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong(name, "a time with time zone such as 2026-05-01T23:59:00+02:00", value)
    return value


def _requires(name: str, value: object) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - rarely used

    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(name, 'a list of packages such as ["torchvision>=0.20"]', value)
    for text in value:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise CourseError(f"{FILE}: {name}: {text!r} is no requirement: {error}") from error
    return tuple(value)


def _wrong(name: str, expected: str, got: object) -> CourseError:
    return CourseError(f"{FILE}: {name}: expected {expected}, got {got!r}.")


_CHECKS: Final[Mapping[str, Any]] = {
    "title": _text,
    "language": _language,
    "contact": _text,
    "licence": _text,
    "weights": _weights,
    "deadline": _deadline,
    "requires": _requires,
}


def missing_requirements(settings: CourseSettings) -> tuple[str, ...]:
    """Return the requirements that are not installed, or in another version."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - rarely used

    missing = []
    for text in settings.requires:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = ""
        if not installed or not requirement.specifier.contains(installed, prereleases=True):
            missing.append(text)
    return tuple(missing)
