"""Watch mode as a learner runs it: a real process in a terminal, with saves, keys and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import commit, descendants, living, torchkata, wait_for
from terminals import Terminal, watching

from torchkata.course.catalogue import Course
from torchkata.learner.progress import Progress

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a Unix terminal")

HALVE = "01_mini/02_halve"
RIGHT = "def halve(x):\n    return x / 2\n"
WRONG = "def halve(x):\n    return x * 2\n"
ENDLESS = "def halve(x):\n    while True:\n        pass\n"
TOTAL = "def row_total(x):\n    return x.sum(0)\n"
LEAVE = b"\x1b[?1049l"


@pytest.fixture
def halve(course: Path) -> Path:
    return course / "exercises/01_mini/02_halve.py"


@pytest.fixture
def open_at_halve(course: Path) -> Iterator[Terminal]:
    with watching(course, "halve") as terminal:
        terminal.wait("Divide each entry")
        yield terminal


def idle(terminal: Terminal) -> bool:
    return "grading" not in terminal.text


def test_from_the_first_exercise_to_a_pass(course: Path):
    """It starts at the first unfinished exercise, grades saves, stays after a pass, records it."""
    total = course / "exercises/01_mini/01_row_total.py"
    with watching(course) as terminal:
        terminal.wait("Add up the rows")
        assert terminal.lines[-2] == "exercises/01_mini/01_row_total.py:27"
        assert terminal.lines[-1].startswith("n next")

        total.write_text("def row_total(x):\n    return x.sum(1)\n")
        terminal.wait("failed")
        assert "SHAPE" in terminal.text
        total.write_text(TOTAL)
        terminal.wait("Passed. Press n")
        assert "1 of 4 passed" in terminal.lines[0]
        assert terminal.lines[0].startswith("01_mini/01_row_total")

        terminal.send("n")
        terminal.wait("Divide each entry")
        terminal.send("q")
        assert terminal.ended() == 0
        assert b"1 of 4 passed. See you!" in terminal.raw
    assert Progress(course).states(Course(course))["01_mini/01_row_total"] == "passed"
    with watching(course) as terminal:
        terminal.wait("Divide each entry")


def test_every_key(course: Path, halve: Path):
    """Hints, list, keys, solution, reset, all and previous, one after the other."""
    commit(course)
    halve.write_text(WRONG)
    with watching(course, "halve") as terminal:
        terminal.wait("VALUES")
        terminal.send("h")
        terminal.wait("Hint 1 of 3")
        terminal.send("h")
        terminal.wait("Hint 2 of 3")
        terminal.send("l")
        terminal.wait("Find: _")
        terminal.send("shift")
        terminal.wait("Find: shift_")
        assert "02_halve" not in "\n".join(terminal.lines[1:-3])
        terminal.send("\r")
        terminal.wait("exercises/02_more/01_mend_shift.py:25")
        terminal.send("pp")
        terminal.wait("Add up the rows")
        terminal.send("n")
        terminal.wait("VALUES")
        terminal.send("?")
        terminal.wait("list: type to filter")
        terminal.send("\x1b")
        terminal.wait("VALUES")
        terminal.send("s")
        terminal.wait("Show the reference anyway?")
        terminal.send("y")
        terminal.wait("Are you sure?")
        terminal.send("y")
        terminal.wait("HINTS = (")
        terminal.send("a")
        terminal.wait("1 of 1 graded")
        terminal.send("\x1br")
        terminal.wait("Reset halve to the original?")
        terminal.send("y")
        terminal.wait("Your version is kept in")
        terminal.wait("Divide each entry")
        terminal.send("q")
        assert terminal.ended() == 0
    kept = list((course / ".torchkata/kept").rglob("*.py"))
    assert [path.read_text() for path in kept] == [WRONG]
    progress = Progress(course).exercise(HALVE)
    assert progress.hint_level == 2
    assert progress.solution_seen


def test_report_is_written(course: Path, halve: Path):
    """The key w grades everything, writes the report and prints its path."""
    pytest.importorskip("torchkata.report.html.page")
    halve.write_text(RIGHT)
    with watching(course, "halve") as terminal:
        terminal.wait("Passed")
        terminal.send("w")
        terminal.wait("Wrote the report to .torchkata/report.html")
    assert "halve" in (course / ".torchkata/report.html").read_text(encoding="utf-8")


def test_keys_and_newer_saves_during_an_endless_loop(
    halve: Path, course: Path, open_at_halve: Terminal
):
    """Neither keys nor a newer save wait for a submission that never returns; no process stays."""
    terminal = open_at_halve
    halve.write_text(ENDLESS)
    terminal.wait("grading")
    terminal.wait(lambda: len(descendants(terminal.process.pid)) >= 2)
    terminal.pump(0.5)
    terminal.send("?")
    assert terminal.wait("list: type to filter", 3) < 3
    terminal.send("?")
    terminal.wait("grading")

    halve.write_text(RIGHT)

    assert terminal.wait("Passed", 10) < 10, "the limit of a request is 20 s"
    assert wait_for(lambda: Progress(course).exercise(HALVE).attempts, 5)
    assert Progress(course).exercise(HALVE).state == "passed"
    assert Progress(course).exercise(HALVE).attempts == 1, "the cancelled job is not recorded"
    halve.write_text(ENDLESS)
    terminal.wait("grading")
    terminal.pump(0.5)
    started = descendants(terminal.process.pid)
    terminal.send("n")
    terminal.wait("exercises/02_more/01_mend_shift.py")
    terminal.send("q")
    assert terminal.ended(8) == 0
    assert wait_for(lambda: not living(started), 3)


def test_ways_in_which_editors_save(halve: Path, open_at_halve: Terminal):
    """Renames, truncation, half-written files, swap files, deletion: the last content counts."""
    terminal = open_at_halve

    fresh = halve.with_name("x.new")
    fresh.write_text(WRONG)
    fresh.replace(halve)
    terminal.wait("VALUES")

    halve.with_name(".02_halve.py.swp").write_bytes(b"swap")
    terminal.pump(0.4)
    assert idle(terminal)

    with halve.open("w") as file:
        file.flush()
        terminal.pump(0.1)
        file.write("def halve(x):\n    return (x")
        file.flush()
        terminal.pump(0.1)
        assert "line 2: Python cannot parse" not in terminal.text
        file.write(" / 2)\n")
    terminal.wait("Passed")
    assert b"cannot parse this" not in terminal.raw

    shown = len(terminal.raw)
    halve.write_text(halve.read_text())
    terminal.pump(0.5)
    assert b"grading" not in terminal.raw[shown:], "the same content is not graded again"

    halve.rename(halve.with_name("02_halve.py~"))
    halve.write_text(WRONG)
    terminal.wait("VALUES")
    halve.unlink()
    terminal.wait("There is no exercises/01_mini/02_halve.py")
    halve.write_text("def halve(x:\n")
    terminal.wait("Python cannot parse")
    assert "02_halve.py:1" in terminal.text
    halve.unlink()
    halve.mkdir()
    terminal.wait("is a folder, but it should be a file")
    halve.rmdir()
    halve.write_text(RIGHT)
    terminal.wait("Passed")


@pytest.mark.parametrize("without", ["--poll", "package"])
def test_saves_are_seen_without_events(course: Path, halve: Path, tmp_path: Path, without: str):
    """Without file events, the file is polled; two saves within a second both count."""
    words, environment = ["--poll"], {}
    if without == "package":
        (tmp_path / "shim").mkdir()
        (tmp_path / "shim/watchfiles.py").write_text("raise ImportError")
        path = os.pathsep.join([str(tmp_path / "shim"), os.environ.get("PYTHONPATH", "")])
        words, environment = [], {"PYTHONPATH": path}
    with watching(course, "halve", *words, **environment) as terminal:
        terminal.wait("Divide each entry")
        for source, expected in ((WRONG, "VALUES"), (RIGHT, "Passed"), (WRONG, "VALUES")):
            halve.write_text(source)
            terminal.wait(expected, 10)


def test_resize_and_narrow(halve: Path, open_at_halve: Terminal):
    """At every size the file's path is in the last lines, and nothing overflows."""
    terminal = open_at_halve
    halve.write_text(WRONG)
    terminal.wait("VALUES")
    for size in ((40, 12), (20, 5), (100, 40), (80, 24)):
        terminal.resize(*size)
        terminal.pump(0.6)
        last = "".join(line.ljust(size[0]) for line in terminal.lines[-4:])
        assert "exercises/01_mini/02_halve.py:" in last, (size, terminal.text)
    assert "VALUES" in terminal.text


def test_closed_terminal_ends_everything(halve: Path, open_at_halve: Terminal):
    """If the window is closed while a file is graded, no process stays behind."""
    terminal = open_at_halve
    halve.write_text(ENDLESS)
    terminal.wait("grading")
    terminal.wait(lambda: len(descendants(terminal.process.pid)) >= 2)  # the zygote and a worker
    started = descendants(terminal.process.pid)

    terminal.hang_up()

    assert terminal.process.wait(timeout=10) == 128 + signal.SIGHUP
    assert wait_for(lambda: not living(started), 3)


@pytest.mark.parametrize("way", ["q", "\x03", signal.SIGTERM, signal.SIGHUP, "error"])
def test_terminal_is_restored(course: Path, way):
    """However watch mode ends, the modes and the screen are restored."""
    if way == "error":
        script = (
            "import sys; from torchkata.cli.main import main; from torchkata.watch import loop\n"
            "def fail(*_): raise RuntimeError('boom')\n"
            "loop.on_key = fail\n"
            "sys.exit(main(['watch']))"
        )
        terminal = Terminal([sys.executable, "-c", script], course)
    else:
        terminal = watching(course)
    with terminal:
        terminal.wait("Add up the rows")
        assert terminal.modes != terminal.modes_before
        started = descendants(terminal.process.pid)
        if isinstance(way, signal.Signals):
            terminal.process.send_signal(way)
        else:
            terminal.send("x" if way == "error" else way)
        code = terminal.ended()
        after = {"q": 0, "\x03": 130, "error": 1}.get(way) if isinstance(way, str) else 128 + way
        assert code == after
        assert terminal.modes == terminal.modes_before
        assert LEAVE in terminal.raw
        if way == "error":
            assert terminal.raw.index(LEAVE) < terminal.raw.index(b"boom")
        assert wait_for(lambda: not living(started), 3)


def test_suspend_and_resume(course: Path):
    """Ctrl-Z gives the terminal back to the shell; fg restores the screen."""
    with Terminal(["bash", "--norc", "-i"], course, PS1="$ ") as terminal:
        terminal.wait("$")
        terminal.send(f"{sys.executable} -m torchkata watch\r")
        terminal.wait("Add up the rows")
        terminal.send("\x1a")
        terminal.wait("Stopped")
        assert LEAVE in terminal.raw
        terminal.send("fg\r")
        terminal.pump(1.0)
        terminal.send("n")
        terminal.wait("Divide each entry")
        terminal.send("q")
        terminal.wait("See you!")
        terminal.send("exit\r")
        assert terminal.ended() == 0


@pytest.mark.parametrize("how", ["NO_COLOR", "--no-color", "dumb"])
def test_without_colors(course: Path, halve: Path, how: str):
    """Colors can be turned off; a terminal that only scrolls gets plain lines."""
    words = ["--no-color"] if how == "--no-color" else []
    environment = {"NO_COLOR": {"NO_COLOR": "1"}, "dumb": {"TERM": "dumb"}}.get(how, {})
    with watching(course, "halve", *words, **environment) as terminal:
        terminal.wait("Divide each entry")
        halve.write_text(WRONG)
        terminal.wait("VALUES")
        terminal.send("?")
        terminal.wait("list: type to filter")
        terminal.send("q")
        assert terminal.ended() == 0
        assert not re.search(rb"\x1b\[[0-9;]*m", terminal.raw)
        assert (b"\x1b" in terminal.raw) == (how != "dumb")
        colored = rb"\x1b\[31m"
    if how == "dumb":
        with watching(course, "halve") as terminal:
            terminal.wait("VALUES")
            assert re.search(colored, terminal.raw), "a capable terminal gets colors"


def test_keys_come_through_nox(course: Path, halve: Path):
    """A nox session passes the terminal on: keys, and Ctrl-C, which ends everything."""
    pytest.importorskip("nox")
    (course / "noxfile.py").write_text(
        "import nox\n\n@nox.session(venv_backend='none')\ndef watch(session):\n"
        f"    session.run({sys.executable!r}, '-m', 'torchkata', 'watch', *session.posargs)\n"
    )
    with Terminal([sys.executable, "-m", "nox", "-s", "watch", "--", "halve"], course) as terminal:
        terminal.wait("Divide each entry")
        terminal.send("?")
        terminal.wait("list: type to filter")
        terminal.send("q")
        assert terminal.ended() == 0
        assert b"Session watch was successful" in terminal.raw
    with Terminal([sys.executable, "-m", "nox", "-s", "watch"], course) as terminal:
        terminal.wait("Add up the rows")
        started = descendants(terminal.process.pid)
        terminal.send("\x03")
        terminal.ended()
        assert terminal.modes == terminal.modes_before
        assert LEAVE in terminal.raw
        assert wait_for(lambda: not living(started), 3)


def test_without_a_terminal(course: Path):
    """In a pipe it names the alternative and exits with 2."""
    done = torchkata(course, "watch")

    assert done.returncode == 2
    assert "nox -s grade -- NAME" in done.stderr
    assert done.stdout == ""


def test_usage_errors(course: Path):
    """An unknown name exits with 2, and the terminal is restored."""
    for words, message in (
        (["halv"], "Did you mean halve"),
        (["halve", "--chapter", "2"], "chapter"),
    ):
        with watching(course, *words) as terminal:
            assert terminal.ended() == 2
            assert message in terminal.text
            assert terminal.modes == terminal.modes_before


def test_killed_outright_leaves_no_process(course: Path):
    """Even after SIGKILL no worker stays."""
    with watching(course) as terminal:
        terminal.wait("Add up the rows")
        started = descendants(terminal.process.pid)
        terminal.process.kill()
        terminal.process.wait()
        assert wait_for(lambda: not living(started), 5)


def test_processes_do_not_pile_up(halve: Path, open_at_halve: Terminal):
    """Twenty quick saves leave as many processes as one, and no zombie."""
    terminal = open_at_halve
    terminal.pump(1.0)
    before = len(descendants(terminal.process.pid))
    for turn in range(20):
        halve.write_text(f"{ENDLESS if turn % 2 else WRONG}# {turn}\n")
        terminal.pump(0.03)
    halve.write_text(RIGHT)
    terminal.wait("Passed")

    assert wait_for(lambda: len(descendants(terminal.process.pid)) <= before, 5)
    tree = descendants(terminal.process.pid)
    zombies = subprocess.run(["ps", "-eo", "ppid,stat"], capture_output=True, text=True, check=True)
    ours = [line.split() for line in zombies.stdout.splitlines()[1:]]
    assert not [ppid for ppid, stat in ours if stat.startswith("Z") and int(ppid) in tree]
