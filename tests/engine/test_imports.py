"""The architecture: which packages import which, and what the files of a course may import.

`PACKAGES` is the order, lowest first: a module imports from its own package and from packages
before it, and there are no import cycles within a package. CONTRIBUTING.md explains the packages in
the same order.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import networkx as nx
import pytest

import torchkata
import torchkata.probes

ENGINE = Path(torchkata.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "i18n",
    "errors",
    "result",
    "probes",
    "worker",
    "sandbox",
    "course",
    "learner",
    "grading",
    "report",
    "instructor",
    "watch",
    "cli",
)
ENTRY_POINTS = {"__init__", "__main__"}  # nothing in the engine imports them
MAX_LINES = 300

COURSES = (ROOT, Path(__file__).parent / "course")
SUBMISSION_IMPORTS = {"torch", "numpy", *sys.stdlib_module_names} - {"torchkata"}
GRADER_IMPORTS = {"torchkata", "torch"}


def imports(path: Path, *, nested: bool = True) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of everything that a file imports.

    Names that are imported from a package are included in full, because they may be modules.

    Args:
        path: A Python file.
        nested: Whether to include imports inside functions, classes and `if` statements.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if nested else tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def violations(folder: Path, packages: Sequence[str]) -> list[str]:
    """Return imports that violate the order of `packages` in the package at `folder`."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder)
        own = relative.parts[0].removesuffix(".py")
        if own in ENTRY_POINTS:
            continue
        if own not in packages:
            found.append(f"{relative}: {own} is not in the order of packages")
            continue
        for line, name in imports(path):
            package, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if name.startswith("."):
                found.append(f"{relative}:{line} imports relatively")
            elif package == folder.name and target not in packages[: packages.index(own) + 1]:
                found.append(f"{relative}:{line} imports {name}")
    return found


def cycles(folder: Path) -> list[list[str]]:
    """Return groups of modules below `folder` that import each other, directly or indirectly."""
    modules = {".".join(path.relative_to(folder.parent).with_suffix("").parts): path
               for path in folder.rglob("*.py")}  # fmt: skip
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        imported = [name for _, name in imports(path)]
        graph[module] = {
            name if name in modules else name.rpartition(".")[0] for name in imported
        } & modules.keys() - {module}
    groups = nx.strongly_connected_components(
        nx.DiGraph((module, other) for module, others in graph.items() for other in others)
    )
    return sorted(sorted(group) for group in groups if len(group) > 1)


def disallowed(path: Path, allowed: set[str], *, nested: bool = True) -> list[str]:
    """Return the imports of a course file from packages that are not allowed."""
    return [
        f"{path.name}:{line} imports {name}"
        for line, name in imports(path, nested=nested)
        if name.partition(".")[0] not in allowed
    ]


def test_engine_imports_follow_the_order_of_packages():
    """Every import of the engine is from the same package or from a lower one."""
    assert violations(ENGINE, PACKAGES) == []


def test_order_lists_exactly_the_existing_packages():
    """The order lists every package of the engine, and no others."""
    entries = {path.name.removesuffix(".py") for path in ENGINE.iterdir()}

    assert entries - ENTRY_POINTS - {"py.typed", "__pycache__"} == set(PACKAGES)


def test_engine_has_no_import_cycle():
    """No modules of the engine import each other in a cycle."""
    assert cycles(ENGINE) == []


def test_contributing_lists_the_packages_in_the_same_order():
    """The table in CONTRIBUTING.md has the packages in the order of `PACKAGES`."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Architecture")[2].partition("\n## ")[0]

    assert tuple(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", section, re.MULTILINE)) == PACKAGES


def test_checker_detects_direct_and_indirect_import_cycles(tmp_path: Path):
    """The checker finds a cycle of two modules and one through a third, and nothing else."""
    made = tmp_path / "made"
    made.mkdir()
    for name, text in {
        "a.py": "from made import b",
        "b.py": "def f():\n    import made.a",
        "c.py": "import made.d",
        "d.py": "from made.e import thing",
        "e.py": "if True:\n    from made.c import thing",
        "f.py": "from made import a, c",
    }.items():
        (made / name).write_text(text)

    assert cycles(made) == [["made.a", "made.b"], ["made.c", "made.d", "made.e"]]


@pytest.mark.parametrize(
    ("path", "text", "violation"),
    [
        ("low.py", "from made.high import thing", "low.py:1 imports made.high.thing"),
        ("low.py", "from made import high", "low.py:1 imports made.high"),
        ("low.py", "def f():\n    import made.high", "low.py:2 imports made.high"),
        ("low.py", "if False:\n    import made", "low.py:2 imports made"),
        ("low.py", "from . import high", "low.py:1 imports relatively"),
        ("deep/part.py", "import made.high", "deep/part.py:1 imports made.high"),
        ("new.py", "", "new.py: new is not in the order of packages"),
        ("high.py", "import made.low, made.deep.part, torch\nfrom made import low", None),
        ("__init__.py", "from made import high", None),
    ],
)
def test_checker_detects_imports_against_the_order(tmp_path: Path, path, text, violation):
    """The checker reports each kind of import against the order, and allows those along it."""
    file = tmp_path / "made" / path
    file.parent.mkdir(parents=True)
    file.write_text(text)

    expected = [violation] if violation else []
    assert violations(tmp_path / "made", ["low", "deep", "high"]) == expected


def test_reports_do_not_import_grading():
    """Package `report` imports only errors, messages, results, the course and itself."""
    allowed = {"errors", "i18n", "course", "result", "report"}
    names = [name for path in (ENGINE / "report").rglob("*.py") for _, name in imports(path)]
    imported = {name.split(".")[1] for name in names if name.startswith("torchkata.")}

    assert imported <= allowed


def importers(package: str) -> set[str]:
    """Return the names of the engine's files that import a package."""
    return {
        path.name
        for path in ENGINE.rglob("*.py")
        if any(name.partition(".")[0] == package for _, name in imports(path))
    }


def test_only_the_plugin_imports_pytest():
    """The rest of the engine works without pytest."""
    assert importers("pytest") == {"pytest_plugin.py"}


def test_only_the_notebook_imports_ipython():
    """The rest of the engine works without IPython."""
    assert importers("IPython") == {"notebook.py"}


def test_command_line_starts_without_torch():
    """The command line and the zygote's client do not import torch, which takes seconds."""
    statement = (
        "import sys, torchkata.cli.main, torchkata.cli.commands, torchkata.sandbox.zygote_client; "
        "assert not {'torch', 'numpy', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", statement], check=True, timeout=60)


def test_no_module_exceeds_300_lines():
    """A longer module probably has two jobs; above 250 lines, consider splitting it."""
    lengths = {path: len(path.read_text().splitlines()) for path in ENGINE.rglob("*.py")}

    assert [f"{path.name}: {count}" for path, count in lengths.items() if count > MAX_LINES] == []


def test_graders_import_torchkata_and_torch():
    """A grader imports torchkata's public names, its probes and torch at module level.

    Probes run beside the submission, so their bodies may import what submissions may import.
    """
    graders = [path for root in COURSES for path in root.glob("tests/[0-9][0-9]_*/*.py")]

    assert graders
    for path in graders:
        assert disallowed(path, GRADER_IMPORTS, nested=False) == []
        assert disallowed(path, GRADER_IMPORTS | SUBMISSION_IMPORTS) == []
    names = {name for path in graders for _, name in imports(path) if "torchkata" in name}
    public = {f"torchkata.{name}" for name in torchkata.__all__}
    assert names <= public | {f"torchkata.probes.{name}" for name in torchkata.probes.__all__}


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_exercises_and_solutions_import_torch_numpy_and_standard_library(folder):
    """Exercises and solutions import nothing else, and never each other."""
    files = [path for root in COURSES for path in root.glob(f"{folder}/*/*.py")]

    assert files
    assert [name for path in files for name in disallowed(path, SUBMISSION_IMPORTS)] == []


def test_checker_detects_disallowed_imports_of_course_files(tmp_path: Path):
    """The checker reports the engine, other packages and other files of the course."""
    file = tmp_path / "01_x.py"
    file.write_text("import torchkata, scipy.fft, math\nfrom row_sum import f\nfrom . import y\n")

    names = [line.split()[-1] for line in disallowed(file, SUBMISSION_IMPORTS)]

    assert names == ["torchkata", "scipy.fft", "row_sum.f", "..y"]
