"""A grader, loaded: from its file, from a kit's sealed one, or what open examples know of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from torchkata.course.open_examples import opened
from torchkata.course.spec.function import Spec
from torchkata.errors import CourseError
from torchkata.i18n import _


@dataclass(frozen=True)
class Grader:
    """A loaded grader: the exercise as data, and its plain tests.

    Attributes:
        module: the grader's module.
        exercise: its one `Exercise`.
        tests: its plain tests by name, in the order of the file.
    """

    module: ModuleType
    exercise: Spec
    tests: dict[str, Callable[..., None]] = field(default_factory=dict)

    @property
    def compiles(self) -> bool:
        """Whether it watches compilers: then workers start with these imported."""
        return any(
            getattr(thing, "__module__", "") == "torchkata.probes.compiling"
            for thing in vars(self.module).values()
        )


def load_grader(name: str, file: Path) -> Grader:
    """Import a grader from its file.

    Args:
        name: of the module.
        file: the grader.

    Raises:
        CourseError: it is missing, raises, or holds not exactly one `Exercise`.
    """
    try:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception as error:
        raise CourseError(f"{file} cannot be loaded: {error}") from error
    return _grader(module, file)


def load_sealed_grader(name: str, source: bytes | None, file: Path) -> Grader:
    """Run a sealed grader, in memory.

    Its module has no loader and its file is on no disk, so no traceback finds its lines.

    Args:
        name: of the module.
        source: the grader; None where it is missing.
        file: where it would lie in the course.

    Raises:
        CourseError: as above.
    """
    if source is None:
        raise CourseError(f"{file} is missing.")
    sys.modules[name] = module = ModuleType(name)
    try:
        exec(compile(source, f"<sealed {file.name}>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - its job
    except Exception as error:
        raise CourseError(f"{file} cannot be loaded: {error}") from error
    return _grader(module, file)


def load_examples_only(name: str, data: bytes | None, path: str) -> Grader:
    """What a kit without graders knows of an exercise.

    Args:
        name: of a module that stands for the grader's.
        data: its open examples; None where they are missing.
        path: of their file in the kit.

    Raises:
        CourseError: they are missing or damaged.
    """
    if data is None:
        raise CourseError(
            _("{file} is missing. Copy it from a fresh download of the kit.", file=path)
        )
    exercise = opened(data, path)
    sys.modules[name] = module = ModuleType(name)
    return Grader(module, exercise)


def _grader(module: ModuleType, file: Path) -> Grader:
    found = [thing for thing in vars(module).values() if isinstance(thing, Spec)]
    if len(found) != 1:
        raise CourseError(f"{file} has {len(found)} Exercises; a grader has exactly one.")
    tests = {
        name: thing
        for name, thing in vars(module).items()
        if name.startswith("test_") and callable(thing)
    }
    return Grader(module, found[0], tests)
