"""Load a grader: from its file, from a kit's sealed file, or from open examples alone."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from torchkata.course import open_examples
from torchkata.course.spec.function import Spec
from torchkata.errors import CourseError
from torchkata.i18n import _


@dataclass(frozen=True)
class Grader:
    """A loaded grader: its spec and its custom tests.

    Attributes:
        module: the grader's module.
        spec: its one `Spec`.
        tests: its custom tests by name, in the order of the file.
    """

    module: ModuleType
    spec: Spec
    tests: dict[str, Callable[..., None]] = field(default_factory=dict)

    @property
    def compiles(self) -> bool:
        """Whether its probes use compilers; workers then start with these imported."""
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
        CourseError: it is missing, raises, or does not hold exactly one `Spec`.
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
    """Load a sealed grader in memory.

    Its module has no loader and no file on disk, so no traceback shows its lines.

    Args:
        name: of the module.
        source: the grader; None if it is missing.
        file: its path in the course.

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
    """Load what a kit without graders knows about an exercise.

    Args:
        name: of a module that stands in for the grader's.
        data: its open examples; None if they are missing.
        path: of their file in the kit.

    Raises:
        CourseError: they are missing or damaged.
    """
    if data is None:
        raise CourseError(
            _("{file} is missing. Copy it from a fresh download of the kit.", file=path)
        )
    spec = open_examples.load(data, path)
    sys.modules[name] = module = ModuleType(name)
    return Grader(module, spec)


def _grader(module: ModuleType, file: Path) -> Grader:
    specs = [thing for thing in vars(module).values() if isinstance(thing, Spec)]
    if len(specs) != 1:
        raise CourseError(f"{file}: expected exactly one Spec, got {len(specs)}.")
    tests = {
        name: thing
        for name, thing in vars(module).items()
        if name.startswith("test_") and callable(thing)
    }
    return Grader(module, specs[0], tests)
