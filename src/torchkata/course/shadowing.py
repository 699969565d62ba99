"""Find files that hide Python modules from scripts in the same folder, such as `random.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from torchkata.errors import KataError
from torchkata.i18n import Message, _, and_list

_LIBRARIES: Final = frozenset(
    {
        "IPython",
        "babel",
        "cloudpickle",
        "jinja2",
        "markupsafe",
        "matplotlib",
        "numpy",
        "pytest",
        "rich",
        "sympy",
        "torch",
        "torchkata",
        "watchfiles",
    }
)
_HARMLESS: Final = frozenset({"antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"})
_NAMES: Final = (sys.stdlib_module_names | _LIBRARIES) - _HARMLESS


def shadowing_files(folder: Path) -> tuple[str, ...]:
    """Return the names of files and packages in a folder that hide a module; sorted."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return ()
    return tuple(
        path.name
        for path in entries
        if (path.suffix == ".py" and path.stem in _NAMES)
        or (path.name in _NAMES and (path / "__init__.py").is_file())
    )


def shadowing_note(*folders: Path) -> list[Message]:
    """Return a message for each folder with files that hide a module."""
    return [
        _(
            "Rename {files} in {folder}. Scripts in that folder import such a file instead of "
            "Python's module of the same name. Grading does not import it.",
            files=and_list(names),
            folder=folder,
        )
        for folder in dict.fromkeys(folder.resolve() for folder in folders)
        if (names := shadowing_files(folder))
    ]


def refuse_shadowing_files() -> None:
    """Refuse to import the engine if a file in the working directory hides a module from it.

    A kernel imports from its working directory, so the engine could not protect itself.

    Raises:
        KataError: there is such a file; the message names it.
    """
    here = Path.cwd()
    hidden = [name for name in shadowing_files(here) if _would_be_imported(here / name)]
    if hidden and any(Path(entry or here).resolve() == here for entry in sys.path):
        raise KataError(
            _(
                "Rename {files} in {folder} and restart the kernel. It would be imported instead "
                "of Python's module of the same name.",
                files=and_list(hidden),
                folder=here,
            )
        )


def _would_be_imported(path: Path) -> bool:
    """Return whether the module of this name is not loaded yet, or loaded from this file."""
    loaded = sys.modules.get(path.stem)
    if loaded is None:
        return path.stem not in sys.builtin_module_names
    file = getattr(loaded, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(path.resolve())
