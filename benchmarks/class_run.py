"""Grade a synthetic class as an instructor does, and look for lost, double and wrong verdicts.

    python benchmarks/class_run.py                           # 1,000 learners, two judges
    python benchmarks/class_run.py --learners 200 --kills 6  # kill at random times, and resume
    python benchmarks/class_run.py --learners 4 --whole      # all exercises of chapters 1 to 4

The class is made by synthetic_class.py. Prints every difference, the rate and the memory over time;
--json FILE stores the metrics. With --kills, the whole process group is killed at random times.
After each kill, the gradebook must contain all printed verdicts, and none of them may be graded
again.
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

from class_verdicts import (
    Differences,
    Key,
    Verdict,
    compare,
    printed_verdicts,
    read_verdicts,
    table_differences,
)
from grading import descendants
from process_watch import ProcessWatch
from samples import ROOT
from synthetic_class import CHAPTERS, Expected, all_samples, deal, deal_solutions, write_class

from torchkata.course.catalogue import Course

_SAMPLE_SECONDS = 3.0
_EXIT_SECONDS = 20.0  # in which all processes of a killed run must end


@dataclass(kw_only=True)
class Run:
    """A run of the command over a class, in several parts if it is killed.

    Attributes:
        folder: Contains the class, the gradebook and the log.
        jobs: Judges side by side.
        printed: The printed verdicts.
        seconds: Wall time of all parts.
        faults: What went wrong with kills and resumes.
        stored: The number of stored verdicts after each part.
    """

    folder: Path
    jobs: int
    printed: list[tuple[Key, str]] = field(default_factory=list)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    watch: ProcessWatch | None = None

    @property
    def gradebook(self) -> Path:
        """The gradebook's file."""
        return self.folder / "out" / "gradebook.sqlite"

    def run_part(self, kill_after: int | None = None, pause: float = 0.0) -> None:
        """Run the command, and kill it a pause after it has printed so many verdicts in all."""
        before = self._times() if self.stored else {}
        words = [sys.executable, "-m", "torchkata", "gradebook", str(self.folder / "class")]
        words += ["--out", str(self.folder / "out"), "--jobs", str(self.jobs)]
        log = self.folder / f"log-{len(self.stored)}"
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        start = time.monotonic()
        with log.open("wb") as stream:
            process = subprocess.Popen(
                words, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "TMPDIR": str(temporary), "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
            self.watch = ProcessWatch(process.pid, _SAMPLE_SECONDS)
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
        self.printed += printed_verdicts(log.read_text(encoding="utf-8"))
        if kill_after is None and process.returncode != 0:
            output = log.read_text(encoding="utf-8")[-2000:]
            self.faults.append(f"Exit code {process.returncode}: {output}")
        self._compare_with(before)

    def _times(self) -> dict[Key, float]:
        return {verdict.key: verdict.judged_at for verdict in read_verdicts(self.gradebook)}

    def _kill(self, process: subprocess.Popen[bytes], log: Path, after: int, pause: float) -> None:
        while (
            len(printed_verdicts(log.read_text(encoding="utf-8"))) < after
            and process.poll() is None
        ):
            time.sleep(0.2)
        time.sleep(pause)
        family = descendants(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end = time.monotonic() + _EXIT_SECONDS
        while (left := [pid for pid in family if _is_running(pid)]) and time.monotonic() < end:
            time.sleep(0.1)
        if left:
            self.faults.append(f"After kill {len(self.stored) + 1} these are still running: {left}")

    def _compare_with(self, before: dict[Key, float]) -> None:
        """Check that earlier verdicts are unchanged, and that printed ones are stored."""
        now = self._times()
        self.stored.append(len(now))
        part = f"in part {len(self.stored)}"
        self.faults += [
            f"{' '.join(key)} was lost {part}" for key in sorted(set(before) - set(now))
        ]
        again = [key for key in before if now.get(key, before[key]) != before[key]]
        self.faults += [f"{' '.join(key)} was graded again {part}" for key in again]
        missing = {key for key, _state in self.printed} - set(now)
        self.faults += [
            f"{' '.join(key)} was printed but not stored {part}" for key in sorted(missing)
        ]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][1] != "Z"
    except OSError:
        return False


@contextmanager
def cheat_targets(folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Create targets for cheats.

    Yields:
        Replacements of the placeholders in cheats, and a list that gets the damage at the end.
    """
    stage, damage = folder / "stage", list[str]()
    (stage / "students").mkdir(parents=True)
    for name in ("report.json", "run.sh", "students/other.py", "gradebook.sqlite"):
        (stage / name).write_text("secret", encoding="utf-8")
    before = {p: p.read_bytes() for p in stage.rglob("*") if p.is_file()}
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    targets = {
        "FOLDER": str(stage), "COURSE": str(ROOT), "PORT": "9", "VICTIM": str(victim.pid),
        "JUDGE": str(os.getpid()), "SECRET": secrets.token_hex(8),
    }  # fmt: skip
    try:
        yield targets, damage
        if {p: p.read_bytes() for p in stage.rglob("*") if p.is_file()} != before:
            damage.append(f"A cheat has changed {stage}.")
        if victim.poll() is not None:
            damage.append("A cheat has ended a process of the host.")
    finally:
        victim.kill()
        victim.communicate()


def measure(
    run: Run, expected: Sequence[Expected], verdicts: Sequence[Verdict]
) -> dict[str, object]:
    """Return rates, memory, and how the time was spent."""
    files, grading = len(verdicts), sum(verdict.result["seconds"] for verdict in verdicts)
    racing = sum(verdict.race_seconds for verdict in verdicts)
    metrics: dict[str, object] = {
        "learners": len({each.learner for each in expected}),
        "files": files,
        "kinds": dict(Counter(each.kind for each in expected)),
        "states": dict(Counter(verdict.state for verdict in verdicts)),
        "jobs": run.jobs,
        "seconds": round(run.seconds, 1),
        "files_per_hour": round(3600 * files / run.seconds),
        "files_per_hour_and_core": round(3600 * files / run.seconds / run.jobs),
        "grading_seconds_per_file": round(grading / files, 3),
        "race_share": round(racing / grading, 3),
    }
    if run.watch is not None and run.watch.samples:
        metrics["memory"] = run.watch.quarters()
        if len(run.stored) == 1:
            metrics["cpu_seconds_per_file"] = round(run.watch.cpu / files, 3)
    return metrics


def report(
    run: Run, differences: Differences, faults: Sequence[str], metrics: dict[str, object]
) -> None:
    """Print everything."""
    for line in (*differences.lines(), *(f"  fault: {each}" for each in faults)):
        print(line)
    if len(run.stored) > 1:
        print(f"stored verdicts after each kill and at the end: {run.stored}")
    for name, value in metrics.items():
        shown = (
            ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        print(f"| {name} | {shown} |")
    counts = ", ".join(f"{n} {name}" for name, n in differences.counts.items())
    print(f"| differences | {counts} |")


def grade(
    folder: Path, *, learners: int, files: int, jobs: int, seed: int, whole: bool, kills: int
) -> tuple[Run, Differences, list[str], dict[str, object]]:
    """Make a class, grade it, and compare the gradebook with the expected verdicts.

    Args:
        folder: An empty folder for everything.
        learners: The number of learners.
        files: The number of files of each learner.
        jobs: Judges side by side.
        seed: Of the class, and of the times at which the run is killed.
        whole: Whether each learner submits the solution of every exercise instead.
        kills: How often the run is killed.
    """
    with cheat_targets(folder) as (targets, damage):
        by_kind = all_samples(Course(ROOT).select((), CHAPTERS), targets)
        hands = deal_solutions(by_kind, learners) if whole else deal(by_kind, learners, files, seed)
        expected = write_class(folder, hands)
        rng, run = random.Random(seed), Run(folder=folder, jobs=jobs)
        for after in sorted(rng.sample(range(1, len(expected)), kills)):
            run.run_part(kill_after=after, pause=rng.uniform(0, 2))
        run.run_part()
    verdicts = read_verdicts(run.gradebook)
    table = table_differences(folder / "out" / "gradebook.csv", verdicts)
    leaks = [verdict for verdict in verdicts if targets["SECRET"] in verdict.result["output"]]
    faults = [*run.faults, *damage, *table]
    faults += [f"{' '.join(verdict.key)} reached its target" for verdict in leaks]
    differences = compare(expected, verdicts, run.printed)
    return run, differences, faults, measure(run, expected, verdicts)


def main() -> int:
    """Grade a class and print what was found; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--files", type=int, default=1, help="exercises that each submits")
    parser.add_argument("--whole", action="store_true", help="submit every exercise's solution")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torchkata-class-") as folder:
        run, differences, faults, metrics = grade(
            Path(folder), learners=options.learners, files=options.files, jobs=options.jobs,
            seed=options.seed, whole=options.whole, kills=options.kills,
        )  # fmt: skip
        report(run, differences, faults, metrics)
        if options.json:
            samples = run.watch.samples if run.watch else []
            memory = [(round(s.at), sum(s.pss.values()) >> 20) for s in samples]
            data = {**metrics, **vars(differences), "faults": faults, "kills": run.stored[:-1]}
            options.json.write_text(json.dumps({**data, "mib_over_time": memory}, indent=1))
    return 0 if differences.clean and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
