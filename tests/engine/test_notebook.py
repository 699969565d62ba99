"""The notebook extension: real notebooks run in a kernel of this interpreter."""

from __future__ import annotations

import html
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from helpers import descendants, living, python, wait_for
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import torchkata
from torchkata.cli.notebook import Notebook, find_course
from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings
from torchkata.grading.processes import Submission
from torchkata.grading.run import build_report, grade_and_record
from torchkata.i18n import ENGLISH_TRANSLATOR, verbatim
from torchkata.learner.progress import Progress
from torchkata.report.html import notebook_cell
from torchkata.sandbox.launcher import Launcher

RIGHT = "def halve(x):\n    return x / 2\n"
LOAD = "%load_ext torchkata"
Notes = Callable[..., list[list[nbformat.NotebookNode]]]


@pytest.fixture
def execute(tmp_path: Path) -> Notes:
    """Return a function that runs cells in a kernel and returns the outputs of each."""
    kernels = tmp_path / "kernels"
    (kernels / "kata").mkdir(parents=True)
    words = [python(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {
        "argv": words,
        "display_name": "kata",
        "language": "python",
        "env": {
            "PYTHONPATH": str(Path(torchkata.__file__).parents[1]),
            "IPYTHONDIR": str(tmp_path / "ipython"),
        },
    }
    (kernels / "kata" / "kernel.json").write_text(json.dumps(spec))

    def executed(folder: Path, *cells: str) -> list[list[nbformat.NotebookNode]]:
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        client = NotebookClient(
            notebook, timeout=50, kernel_name="kata", resources={"metadata": {"path": str(folder)}}
        )
        client.create_kernel_manager()
        client.km.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(kernels)])
        client.execute()
        return [cell.outputs for cell in notebook.cells]

    return executed


def page(outputs: list[nbformat.NotebookNode]) -> str:
    """Return the HTML page in the frame that a cell shows."""
    (shown,) = [out for out in outputs if out.output_type == "display_data"]
    (inner,) = re.findall(r'srcdoc="([^"]*)"', shown.data["text/html"])
    return html.unescape(inner)


def text(outputs: list[nbformat.NotebookNode]) -> str:
    """Return the output of a cell as plain text."""
    return "".join(
        out.data["text/plain"] if out.output_type == "display_data" else out.text for out in outputs
    )


def test_a_notebook_in_the_course(execute: Notes, course: Path):
    """Cells that pass, fail, time out or name no exercise each show what they should."""
    stub = course / "exercises" / "01_mini" / "02_halve.py"
    before = stub.read_bytes()
    outputs = execute(
        course / "exercises" / "01_mini",
        LOAD,
        "import torch; torch.set_num_threads(2); torch.set_default_dtype(torch.float64)",
        f"%%grade halve\n{RIGHT}",
        "%%grade halve --seed 7\ndef halve(x):\n    print('<b id=mine>')\n    return x / 3\n",
        "%%grade hlave\n" + RIGHT,
        "%%grade halve --limit 1\ndef halve(x):\n    while True: pass\n",
        "%%grade halve\n\ndef halve(x:\n",
        "print(torch.get_num_threads(), torch.get_default_dtype(), 'halve' in globals())",
        "%%grade\n" + RIGHT,
        "import os; print(os.getpid())",
    )
    _, _, passed, failed, unknown, endless, unread, kernel, nameless, _ = outputs

    assert text(passed).startswith("✓ passed")
    assert 'class="state passed"' in page(passed)
    assert "<details open>" in page(passed)
    assert 'class="state failed"' in page(failed)
    assert "failed" in text(failed)
    assert "--seed 7" in text(failed)
    assert "nox -s grade" not in text(failed) + page(failed)
    assert "<b id" not in page(failed)
    assert "&lt;b id=mine&gt;" in page(failed)
    assert "There is no exercise 'hlave'. Did you mean halve?" in text(unknown)
    assert 'class="state timeout"' in page(endless)
    assert "cell, line 3" in text(unread)
    assert text(kernel).split() == ["2", "torch.float64", "False"]
    assert "Write `%%grade NAME`" in text(nameless)
    assert all(out.output_type != "error" for cell in outputs for out in cell)
    assert stub.read_bytes() == before


def test_a_notebook_elsewhere(execute: Notes, course: Path, tmp_path: Path):
    """Outside of a course a cell says how to name one: `%kata` with any folder in it."""
    away = tmp_path / "away"
    away.mkdir()
    lost, wrong, named, passed = execute(
        away, LOAD, f"%%grade halve\n{RIGHT}", "%kata nowhere", f'%kata "{course}/exercises"',
        f"%%grade halve\n{RIGHT}",
    )[1:]  # fmt: skip

    assert f"{away} is not in a course" in text(lost)
    assert "`%kata FOLDER`" in text(lost)
    assert f"{away}/nowhere is not in a course" in text(wrong)
    assert text(named) == f"The course is in {course}.\n"
    assert 'class="state passed"' in page(passed)


@pytest.fixture
def notebook(course: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.chdir(course)
    kept = Notebook()
    yield kept
    kept.close()


def test_a_cell_is_an_attempt_but_keeps_the_state_of_the_file(
    notebook: Notebook, course: Path, capsys
):
    """A cell counts as an attempt; the state of the exercise stays that of its file."""
    exercise = Course(course).one("halve")
    source = RIGHT.encode()
    exercise.stub_path.write_bytes(source)
    progress = Progress(course)
    with Launcher() as launcher:
        submission = Submission(source=source, file="halve.py")
        grade_and_record(exercise, submission, launcher, Settings(seed=1), progress)

    notebook.grade("halve", "def halve(x):\n    return x\n")

    known = progress.exercise(exercise.id)
    assert (known.attempts, known.state) == (2, "passed")
    assert progress.states(Course(course))[exercise.id] == "passed"


def test_an_interrupt_ends_all_processes(notebook: Notebook, monkeypatch, capsys):
    """After an interrupt no process is left, and the next cell is graded as usual."""
    before = descendants(os.getpid())
    seen: set[int] = set()

    def interrupted(exercise, submission, launcher: Launcher, *_, **__):
        launcher.worker()
        seen.update(descendants(os.getpid()) - before)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("torchkata.cli.notebook.grade_and_record", interrupted)
        notebook.grade("halve", RIGHT)

    assert capsys.readouterr().err == "torchkata: Interrupted.\n"
    assert len(seen) >= 2
    assert wait_for(lambda: not living(seen))

    notebook.grade("halve", RIGHT)

    assert "passed" in capsys.readouterr().out


def test_learner_text_stays_inside_the_frame(judge):
    """Quotes and tags in a learner's text stay in the attribute that contains the page."""
    nasty = '"></iframe><script>alert(1)</script>'
    result = judge(f"def halve(x):\n    print({nasty!r})\n    raise ValueError({nasty!r})\n")

    report = build_report((result,), Settings(seed=1), verbatim("none"))
    frame = notebook_cell(report, lambda _exercise_id: ENGLISH_TRANSLATOR)

    assert frame.count("<") == frame.count(">") == 2
    assert 'sandbox=""' in frame
    (inner,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert "<script" not in html.unescape(inner)
    assert "alert(1)" in inner


def test_the_extension_loads_and_unloads():
    """Loading twice keeps one notebook; unloading ends its processes."""
    magics: dict[str, object] = {}
    shell = SimpleNamespace(
        magics_manager=SimpleNamespace(
            register_function=lambda function, kind, name: magics.update({kind + name: function})
        )
    )
    torchkata.load_ipython_extension(shell)
    torchkata.load_ipython_extension(shell)
    kept = sys.modules["torchkata.cli.notebook"]._LOADED

    assert set(magics) == {"cellgrade", "linekata"}
    assert len(kept) == 1
    torchkata.unload_ipython_extension(shell)
    assert kept == []


def test_the_nearest_course_is_found(course: Path, mini: Path):
    """In nested courses, the inner one counts."""
    assert find_course(course / "tests" / "01_mini") == course
    assert find_course(mini) == mini
