"""Grade a synthetic class as an instructor does, and look for lost, double and wrong verdicts.

    python benchmarks/class_run.py                           # 1,000 learners, two judges
    python benchmarks/class_run.py --learners 200 --kills 6  # kill -9 at random points, and resume
    python benchmarks/class_run.py --learners 4 --whole      # chapters 1 to 4, all exercises each

The class is made by synthetic_class.py. Prints every finding, the rate and the memory over time;
--json FILE keeps the figures. With --kills the whole process group is killed at random points, and
after each kill the book has to hold all that was told; what it held must never be graded again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from class_verdicts import Answer, Findings, Kept, compare, table_faults, told, verdicts
from grading import descendants
from process_watch import Watch
from synthetic_class import CHAPTERS, ROOT, Expected, deal, decks, hand_in, whole

from torchkata.course.catalogue import Course

_SECONDS = 3.0  # between two looks at the memory
_GONE = 20.0  # seconds in which all processes of a killed run have to end


@dataclass(kw_only=True)
class Run:
    """A run of the command over a class, in several parts where it was killed.

    Attributes:
        folder: holds the class, the gradebook and the log.
        jobs: judges side by side.
        printed: the verdicts that it has told.
        seconds: wall time of all its parts.
        faults: what went wrong with kills and resumes.
        kills: for each kill, how many verdicts the book held.
    """

    folder: Path
    jobs: int
    printed: list[tuple[Answer, str]] = field(default_factory=list)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    watch: Watch | None = None

    @property
    def book(self) -> Path:
        """The gradebook's file."""
        return self.folder / "out" / "gradebook.sqlite"

    def part(self, kill_after: int | None = None, pause: float = 0.0) -> None:
        """Run the command to its end, or kill it when it has told so many verdicts in all."""
        before = {row.answer: row.judged_at for row in verdicts(self.book)} if self.kills else {}
        words = [sys.executable, "-m", "torchkata", "gradebook", str(self.folder / "class")]
        words += ["--out", str(self.folder / "out"), "--jobs", str(self.jobs)]
        log = self.folder / f"log-{len(self.kills)}"
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        start = time.monotonic()
        with log.open("wb") as stream:
            process = subprocess.Popen(
                words, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "TMPDIR": str(temporary), "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
            self.watch = Watch(process.pid, _SECONDS)
            self.watch.start()
            try:
                if kill_after is None:
                    process.wait()
                else:
                    self._kill(process, log, kill_after - len(self.printed), pause)
            finally:
                self.watch.stop()
                process.kill()
        self.seconds += time.monotonic() - start
        self.printed += told(log.read_text(encoding="utf-8"))
        if kill_after is None and process.returncode != 0:
            self.faults.append(f"It ended with {process.returncode}: {log.read_text()[-2000:]}")
        self._compare(before)

    def _kill(self, process: subprocess.Popen[bytes], log: Path, after: int, pause: float) -> None:
        while len(told(log.read_text(encoding="utf-8"))) < after and process.poll() is None:
            time.sleep(0.2)
        time.sleep(pause)
        family = descendants(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end = time.monotonic() + _GONE
        while (left := [pid for pid in family if _runs(pid)]) and time.monotonic() < end:
            time.sleep(0.1)
        if left:
            self.faults.append(f"After kill {len(self.kills) + 1} these run on: {left}")

    def _compare(self, before: dict[Answer, float]) -> None:
        """What was in the book is there still, untouched; what was told is in it."""
        now = {row.answer: row.judged_at for row in verdicts(self.book)}
        self.kills.append(len(now))
        when = f"in part {len(self.kills)}"
        self.faults += [f"{' '.join(a)} was lost {when}" for a in sorted(set(before) - set(now))]
        again = [a for a in before if now.get(a, before[a]) != before[a]]
        self.faults += [f"{' '.join(a)} was graded again {when}" for a in again]
        silent = {answer for answer, _state in self.printed} - set(now)
        self.faults += [f"{' '.join(a)} was told but not kept {when}" for a in sorted(silent)]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][1] != "Z"
    except OSError:
        return False


@contextmanager
def staged(folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Give cheats something to reach for: the marks of their texts, and, at the end, the harm."""
    stage, harm = folder / "stage", list[str]()
    (stage / "students").mkdir(parents=True)
    for name in ("report.json", "run.sh", "students/other.py", "gradebook.sqlite"):
        (stage / name).write_text("told", encoding="utf-8")
    before = {p: p.read_bytes() for p in stage.rglob("*") if p.is_file()}
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    places = {
        "FOLDER": str(stage), "COURSE": str(ROOT), "PORT": "9", "VICTIM": str(victim.pid),
        "JUDGE": str(os.getpid()), "SECRET": secrets.token_hex(8),
    }  # fmt: skip
    try:
        yield places, harm
        if {p: p.read_bytes() for p in stage.rglob("*") if p.is_file()} != before:
            harm.append(f"A cheat has changed {stage}.")
        if victim.poll() is not None:
            harm.append("A cheat has ended a process of the host.")
    finally:
        victim.kill()
        victim.communicate()


def figures(run: Run, expected: Sequence[Expected], kept: Sequence[Kept]) -> dict[str, object]:
    """Rates, memory and where the time went."""
    answers, judging = len(kept), sum(row.result["seconds"] for row in kept)
    racing = sum(row.race_seconds for row in kept)
    found: dict[str, object] = {
        "learners": len({each.learner for each in expected}),
        "answers": answers,
        "kinds": dict(Counter(each.kind for each in expected)),
        "states": dict(Counter(row.state for row in kept)),
        "jobs": run.jobs,
        "seconds": round(run.seconds, 1),
        "answers_per_hour": round(3600 * answers / run.seconds),
        "answers_per_hour_and_core": round(3600 * answers / run.seconds / run.jobs),
        "judge_seconds_per_answer": round(judging / answers, 3),
        "race_share": round(racing / judging, 3),
    }
    if run.watch is not None and run.watch.looks:
        found["memory"] = run.watch.quarters()
        if len(run.kills) == 1:
            found["cpu_seconds_per_answer"] = round(run.watch.cpu / answers, 3)
    return found


def report(run: Run, found: Findings, faults: Sequence[str], numbers: dict[str, object]) -> None:
    """Print everything."""
    for line in (*found.lines(), *(f"  fault: {each}" for each in faults)):
        print(line)
    if len(run.kills) > 1:
        print(f"verdicts in the book after each kill, and at the end: {run.kills}")
    for name, value in numbers.items():
        shown = (
            ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        print(f"| {name} | {shown} |")
    print(f"| findings | {', '.join(f'{n} {name}' for name, n in found.counts.items())} |")


def grade(
    folder: Path, *, learners: int, answers: int, jobs: int, seed: int, every: bool, kills: int
) -> tuple[Run, Findings, list[str], dict[str, object]]:
    """Make a class, grade it, and look at the gradebook.

    Args:
        folder: empty; holds everything.
        learners: how many.
        answers: of each.
        jobs: judges side by side.
        seed: of the class, and of the points at which the run is killed.
        every: whether each learner hands in the solution of every exercise instead.
        kills: how often the run is killed.
    """
    with staged(folder) as (places, harm):
        found = decks(Course(ROOT).select((), CHAPTERS), places)
        hands = whole(found, learners) if every else deal(found, learners, answers, seed)
        expected = hand_in(folder, hands)
        rng, run = random.Random(seed), Run(folder=folder, jobs=jobs)
        for after in sorted(rng.sample(range(1, len(expected)), kills)):
            run.part(kill_after=after, pause=rng.uniform(0, 2))
        run.part()
    kept = verdicts(run.book)
    faults = [*run.faults, *harm, *table_faults(folder / "out" / "gradebook.csv", kept)]
    outputs = [row for row in kept if places["SECRET"] in row.result["output"]]
    faults += [f"{' '.join(row.answer)} got what it reached for" for row in outputs]
    numbers = figures(run, expected, kept)
    return run, compare(expected, kept, run.printed), faults, numbers


def main() -> int:
    """Grade a class, print what was found, and exit 1 where something is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--answers", type=int, default=1, help="exercises that each hands in")
    parser.add_argument("--whole", action="store_true", help="every exercise's solution each")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torchkata-class-") as folder:
        run, found, faults, numbers = grade(
            Path(folder), learners=options.learners, answers=options.answers, jobs=options.jobs,
            seed=options.seed, every=options.whole, kills=options.kills,
        )  # fmt: skip
        report(run, found, faults, numbers)
        if options.json:
            looks = run.watch.looks if run.watch else []
            memory = [(round(k.at), sum(k.shared.values()) >> 20) for k in looks]
            kept = {**numbers, **vars(found), "faults": faults, "kills": run.kills[:-1]}
            options.json.write_text(json.dumps({**kept, "mib_over_time": memory}, indent=1))
    return 0 if found.clean and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
