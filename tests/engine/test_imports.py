"""The architecture: which package imports which, and what files of a course may import.

`PACKAGES` is the order, lowest first: a module imports from its own package and from packages
before it, and no modules of one package import each other in a circle. CONTRIBUTING.md explains the
packages in the same order.
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
MOST_LINES = 300

COURSES = (ROOT, Path(__file__).parent / "course")
ANSWERS = {"torch", "numpy", *sys.stdlib_module_names} - {"torchkata"}
GRADERS = {"torchkata", "torch"}


def imports(path: Path, *, inner: bool = True) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, with the line: for types too, and in functions if `inner`.

    A name that is imported from a package may be a module of it, so it is given in full.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if inner else tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def violations(folder: Path, packages: Sequence[str]) -> list[str]:
    """Imports against the order of `packages` within the package that lies in `folder`."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        home = inside.parts[0].removesuffix(".py")
        if home in ENTRY_POINTS:
            continue
        if home not in packages:
            found.append(f"{inside}: {home} is not in the order of packages")
            continue
        for line, name in imports(path):
            package, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if name.startswith("."):
                found.append(f"{inside}:{line} imports relatively")
            elif package == folder.name and target not in packages[: packages.index(home) + 1]:
                found.append(f"{inside}:{line} imports {name}")
    return found


def circles(folder: Path) -> list[list[str]]:
    """Groups of modules below `folder` that import each other, directly or through others."""
    modules = {".".join(path.relative_to(folder.parent).with_suffix("").parts): path
               for path in folder.rglob("*.py")}  # fmt: skip
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        named = [name for _, name in imports(path)]
        graph[module] = {
            name if name in modules else name.rpartition(".")[0] for name in named
        } & modules.keys() - {module}
    groups = nx.strongly_connected_components(
        nx.DiGraph((module, other) for module, others in graph.items() for other in others)
    )
    return sorted(sorted(group) for group in groups if len(group) > 1)


def strangers(path: Path, allowed: set[str], *, inner: bool = True) -> list[str]:
    """Imports of a file of the course that are not allowed there."""
    return [
        f"{path.name}:{line} imports {name}"
        for line, name in imports(path, inner=inner)
        if name.partition(".")[0] not in allowed
    ]


def test_packages_keep_their_order():
    """Every import of the engine goes to the same package or to a lower one."""
    assert violations(ENGINE, PACKAGES) == []


def test_order_names_exactly_the_packages_there_are():
    """The order has no package that is gone, and misses none."""
    entries = {path.name.removesuffix(".py") for path in ENGINE.iterdir()}

    assert entries - ENTRY_POINTS - {"py.typed", "__pycache__"} == set(PACKAGES)


def test_no_import_circle_within_a_package():
    """No modules of the engine import each other in a circle."""
    assert circles(ENGINE) == []


def test_contributing_has_the_same_map():
    """CONTRIBUTING.md lists the packages in the order that the imports keep."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Architecture")[2].partition("\n## ")[0]

    assert tuple(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", section, re.MULTILINE)) == PACKAGES


def test_circles_are_found(tmp_path: Path):
    """The check finds a circle of two modules and one through a third, and nothing else."""
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

    assert circles(made) == [["made.a", "made.b"], ["made.c", "made.d", "made.e"]]


@pytest.mark.parametrize(
    ("path", "text", "told"),
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
def test_wrong_direction_is_found(tmp_path: Path, path, text, told):
    """The check finds each kind of import against the order, and allows those along it."""
    file = tmp_path / "made" / path
    file.parent.mkdir(parents=True)
    file.write_text(text)

    found = violations(tmp_path / "made", ["low", "deep", "high"])

    assert found == ([told] if told else [])


def test_reports_know_results_only():
    """What writes reports imports errors, messages, results and itself; no more of the engine."""
    own = {"errors", "i18n", "course", "result", "report"}
    names = [name for path in (ENGINE / "report").rglob("*.py") for _, name in imports(path)]
    engine = {name.split(".")[1] for name in names if name.startswith("torchkata.")}

    assert engine <= own


def test_only_the_plugin_imports_pytest():
    """The engine works where pytest never runs."""
    users = {path.name for path in ENGINE.rglob("*.py") if "pytest" in dict(_heads(path))}

    assert users == {"pytest_plugin.py"}


def test_only_the_notebook_imports_ipython():
    """The engine works where IPython is not installed."""
    users = {path.name for path in ENGINE.rglob("*.py") if "IPython" in dict(_heads(path))}

    assert users == {"notebook.py"}


def _heads(path: Path) -> Iterator[tuple[str, int]]:
    yield from ((name.partition(".")[0], line) for line, name in imports(path))


def test_command_line_starts_without_torch():
    """Command line and zygote start before torch is imported, which takes seconds."""
    statement = (
        "import sys, torchkata.cli.main, torchkata.cli.commands, torchkata.sandbox.zygote_client; "
        "assert not {'torch', 'numpy', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", statement], check=True, timeout=60)


def test_no_module_is_long():
    """A module of more than 300 lines has two jobs; from 250 on, ask."""
    lengths = {path: len(path.read_text().splitlines()) for path in ENGINE.rglob("*.py")}

    assert [f"{path.name}: {count}" for path, count in lengths.items() if count > MOST_LINES] == []


def test_graders_import_torchkata_and_torch():
    """A grader uses torchkata's public names, its probes and torch; probes what answers may use."""
    graders = [path for root in COURSES for path in root.glob("tests/[0-9][0-9]_*/*.py")]

    assert graders
    assert [told for path in graders for told in strangers(path, GRADERS, inner=False)] == []
    assert [told for path in graders for told in strangers(path, GRADERS | ANSWERS)] == []
    names = {name for path in graders for _, name in imports(path) if "torchkata" in name}
    lent = {f"torchkata.{name}" for name in torchkata.__all__}
    assert names <= lent | {f"torchkata.probes.{name}" for name in torchkata.probes.__all__}


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_answers_import_torch_and_numpy(folder):
    """Exercises and solutions use torch, numpy and the standard library; never each other."""
    files = [path for root in COURSES for path in root.glob(f"{folder}/*/*.py")]

    assert files
    assert [told for path in files for told in strangers(path, ANSWERS)] == []


def test_strangers_are_found(tmp_path: Path):
    """The check of the course's files finds the engine, other packages and neighbours."""
    file = tmp_path / "01_x.py"
    file.write_text("import torchkata, scipy.fft, math\nfrom row_sum import f\nfrom . import y\n")

    told = strangers(file, ANSWERS)

    assert [line.split()[-1] for line in told] == ["torchkata", "scipy.fft", "row_sum.f", "..y"]
