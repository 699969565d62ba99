"""Who may import whom: the engine's layers, and what graders, exercises and solutions may use.

Lowest first; a module imports only from its own layer and from those before it:

    errors          what is raised on purpose
    messages        the words that people read, in their language
    archive         files packed into bytes
    sealing         the same, sealed
    shelf           what a course has shipped: in folders, or in a kit's one file
    texts           the words of a course, in that language
    units           how figures are written
    source          which line of the learner's file is running
    result          outcomes as data
    formula         arithmetic over axis letters
    inputs          makers of arguments
    budget          prices as data
    compare         two answers, and the words for their difference
    meters          ops, memory, clock
    devices         the twin device, and real ones
    probes          pieces of graders' probes, run beside the submission
    isolation       worker processes: the wire, the confinement, the probes
    case            one set of hidden inputs as data
    spec            a grader as data
    examples        open examples as JSON
    folders         which exercises there are
    graders         a grader, loaded
    course          the files on disk
    checks          how each property is judged
    explain         known traps, each in one sentence
    grade           one exercise to its state
    git             calls of git
    learner         hints, reset, progress
    run             a selection of exercises to a report
    report          a report to text: of the engine it knows errors, words and results only
    instructor      the branch of solutions, hand-ins, the gradebook and what comes out of it
    author          new exercises, the gate
    watch           the learner's loop
    commands        the verbs that judge
    kit_command     the verb `kit`
    class_commands  the instructors' verbs
    harness_commands  the verbs for harnesses
    completion      which words may come next, for shells
    cli             all verbs
    plugin          pytest: the only one that imports it
    notebook        IPython: the only one that imports it

`torchkata/__init__` lends graders their names and is imported by nobody else; `__main__` starts
the command line.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import torchkata
import torchkata.probes

ENGINE = Path(torchkata.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
LAYERS = re.findall(r"^    (\w+)  ", __doc__ or "", re.MULTILINE)
DOORS = {"__init__", "__main__"}  # they open the package to others, and no module enters by them
MOST_LINES = 250

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


def violations(folder: Path, layers: list[str]) -> list[str]:
    """Imports against the order of `layers` within the package that lies in `folder`."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        home = inside.parts[0].removesuffix(".py")
        if home in DOORS:
            continue
        if home not in layers:
            found.append(f"{inside}: {home} stands in no layer")
            continue
        for line, name in imports(path):
            package, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if name.startswith("."):
                found.append(f"{inside}:{line} imports relatively")
            elif package == folder.name and target not in layers[: layers.index(home) + 1]:
                found.append(f"{inside}:{line} imports {name}")
    return found


def strangers(path: Path, allowed: set[str], *, inner: bool = True) -> list[str]:
    """Imports of a file of the course that are not allowed there."""
    return [
        f"{path.name}:{line} imports {name}"
        for line, name in imports(path, inner=inner)
        if name.partition(".")[0] not in allowed
    ]


def test_engine_keeps_its_layers():
    """Every import statement of the engine points down the list of layers."""
    assert violations(ENGINE, LAYERS) == []


def test_every_layer_exists():
    """The list names no layer that is gone."""
    assert [name for name in LAYERS if not list(ENGINE.glob(f"{name}*"))] == []


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("low.py", "from made.high import thing", "low.py:1 imports made.high.thing"),
        ("low.py", "from made import high", "low.py:1 imports made.high"),
        ("low.py", "def f():\n    import made.high", "low.py:2 imports made.high"),
        ("low.py", "if False:\n    import made", "low.py:2 imports made"),
        ("low.py", "from . import high", "low.py:1 imports relatively"),
        ("deep/part.py", "import made.high", "deep/part.py:1 imports made.high"),
        ("new.py", "", "new.py: new stands in no layer"),
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
    own = {"errors", "messages", "texts", "result", "units", "report"}
    names = [name for path in (ENGINE / "report").rglob("*.py") for _, name in imports(path)]
    engine = {name.split(".")[1] for name in names if name.startswith("torchkata.")}

    assert engine <= own


def test_only_the_plugin_imports_pytest():
    """The engine works where pytest never runs."""
    users = {path.name for path in ENGINE.rglob("*.py") if "pytest" in dict(_heads(path))}

    assert users == {"plugin.py"}


def test_only_the_notebook_imports_ipython():
    """The engine works where IPython is not installed."""
    users = {path.name for path in ENGINE.rglob("*.py") if "IPython" in dict(_heads(path))}

    assert users == {"notebook.py"}


def _heads(path: Path) -> Iterator[tuple[str, int]]:
    yield from ((name.partition(".")[0], line) for line, name in imports(path))


def test_command_line_starts_without_torch():
    """Command line and zygote start before torch is imported, which takes seconds."""
    statement = (
        "import sys, torchkata.cli, torchkata.commands; "
        "assert not {'torch', 'numpy', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", statement], check=True, timeout=60)


def test_no_module_is_long():
    """A module that outgrows 250 lines has two jobs."""
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
