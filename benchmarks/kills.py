"""``kill -9`` at random moments: nothing that was written is lost, nothing is left half-written.

``python benchmarks/kills.py run --backend scipy --suite smoke`` kills ``convergent run`` of these
arguments at ``--times 20`` random moments, goes on with ``--resume`` each time, and compares the
end with a run that was left alone. ``merge RUN...`` and ``env scipy==1.16.3`` do the same to
``convergent merge`` and ``convergent env update``. Prints a line for each kill and ends with 1 if
anything was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from convergent.cases.errors import RunFileDamaged
from convergent.harness import record
from convergent.harness.envs import build, store
from convergent.harness.record import Run

RUN_FILE = "run.jsonl"
Verdicts = dict[str, tuple[object, ...]]


def main() -> int:
    """Kill, look, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("run", "merge", "env"))
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked, rest = parser.parse_known_args()
    rng = random.Random(asked.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory(prefix="convergent-kills-") as name:
        job = {"run": _Running, "merge": _Merging, "env": _Building}[asked.command]
        faults = _kill(job(Path(name), rest), asked.times, rng)
    print(f"{asked.times} kills, {faults} faults")
    return 1 if faults else 0


class _Running:
    """A run that is resumed after each kill; what it recorded before must stay."""

    def __init__(self, base: Path, arguments: list[str]) -> None:
        self._path, self._arguments = base / "killed" / RUN_FILE, arguments
        self._seconds = _alone(["run", *arguments, "-o", str(base / "alone")])
        self._start = _until_a_check(["run", *arguments, "-o", str(base / "begun")], base / "begun")
        self._whole = _verdicts(record.read(base / "alone" / RUN_FILE))
        self._before: Verdicts = {}

    def latest(self, times: int) -> float:
        """Return the last moment to kill at: each try starts anew and does its part of the rest."""
        return self._start + 2 * self._seconds / times

    def command(self) -> list[str]:
        return ["run", *self._arguments, "-o", str(self._path.parent), "--resume"]

    def look(self) -> str:
        """Return what is wrong with the file after a kill."""
        try:
            now = _verdicts(record.read(self._path)) if self._path.exists() else {}
        except RunFileDamaged as error:
            if record.is_cut_in_header(self._path):
                return ""  # killed within the first line: the next one begins anew
            return str(error)
        lost, self._before = len(self._before.keys() - now.keys()), now
        apart = sum(self._whole[check] != found for check, found in now.items())
        print(f"  {len(now)} of {len(self._whole)} checks", end="")
        return f"{lost} lost, {apart} others" if lost or apart else ""

    def end(self) -> str:
        """Let it come to its end and compare."""
        _alone(self.command())
        return "" if _verdicts(record.read(self._path)) == self._whole else "the end differs"


class _Merging:
    """A merge whose file is there whole or not at all."""

    def __init__(self, base: Path, runs: list[str]) -> None:
        self._path, self._runs = base / "killed" / RUN_FILE, runs
        self._seconds = _alone(["merge", *runs, "-o", str(base / "alone")])
        self._whole = _verdicts(record.read(base / "alone" / RUN_FILE))

    def latest(self, _: int) -> float:
        """Return the last moment to kill at."""
        return self._seconds

    def command(self) -> list[str]:
        return ["merge", *self._runs, "-o", str(self._path.parent)]

    def look(self) -> str:
        """Return what is wrong with the file after a kill."""
        print("  there" if self._path.exists() else "  not there", end="")
        if not self._path.exists():
            return ""
        found = _verdicts(record.read(self._path))
        self._path.unlink()  # the next one begins without it
        return "" if found == self._whole else f"{len(found)} of {len(self._whole)} checks"

    def end(self) -> str:
        """Let it come to its end and compare."""
        _alone(self.command())
        return self.look()


class _Building:
    """An environment that is there whole or not at all, and that the next builder completes."""

    def __init__(self, base: Path, names: list[str]) -> None:
        os.environ["XDG_CACHE_HOME"] = str(base)
        (self._name,) = names
        self._seconds = _alone(["env", "add", self._name])
        self._requirement = build.wish(self._name).requirement

    def latest(self, _: int) -> float:
        """Return the last moment to kill at."""
        return self._seconds

    def command(self) -> list[str]:
        return ["env", "update", self._name]

    def look(self) -> str:
        """Return what is wrong with the environment after a kill."""
        ready = store.find(self._requirement) is not None
        print("  ready" if ready else "  not ready", end="")
        return self._load() if ready else ""

    def end(self) -> str:
        """Build it to the end and load the framework."""
        _alone(self.command())
        return self._load()

    def _load(self) -> str:
        loader = (
            "from convergent.harness.worker.client import Client; import sys; Client(sys.argv[1])"
        )
        done = subprocess.run([sys.executable, "-c", loader, self._name], check=False)
        return "" if done.returncode == 0 else "it is ready and does not load"


def _kill(job: _Running | _Merging | _Building, times: int, rng: random.Random) -> int:
    faults = 0
    for number in range(1, times + 1):
        delay = rng.uniform(0.0, job.latest(times))
        process = subprocess.Popen(
            _whole(job.command()), start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"{number:3} after {delay:6.2f} s", end="")
        fault = job.look()
        print(f": {fault}" if fault else "", flush=True)
        faults += bool(fault)
    fault = job.end()
    print(f"the end: {fault or 'as if it had never been killed'}")
    return faults + bool(fault)


def _alone(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(_whole(command), stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"convergent {' '.join(command)} ended with {done.returncode}")
    return time.perf_counter() - began


def _until_a_check(command: list[str], folder: Path) -> float:
    """Return the seconds until a run has recorded its first check."""
    began, path = time.perf_counter(), folder / RUN_FILE
    process = subprocess.Popen(_whole(command), stdout=subprocess.DEVNULL)
    while process.poll() is None and not (path.exists() and b'"check"' in path.read_bytes()):
        time.sleep(0.01)
    process.kill()
    process.wait()
    return time.perf_counter() - began


def _whole(command: list[str]) -> list[str]:
    return [sys.executable, "-m", "convergent", *command]


def _verdicts(run: Run) -> Verdicts:
    return {o.id: (o.verdict, o.ratio, o.digest) for o in run.outcomes}


if __name__ == "__main__":
    sys.exit(main())
