"""One suite in four ways, check by check: whole, as shards merged, on Dask, on Dask with a loss.

``python benchmarks/shards.py --backend torch --suite smoke``: the arguments are those of
``convergent run``. Prints a table and ends with 1 if any check came out differently.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from convergent.harness import record

SHARDS = 4
Found = dict[str, tuple[object, ...]]


def main(arguments: list[str]) -> int:
    """Run the four, compare and print."""
    with tempfile.TemporaryDirectory(prefix="convergent-shards-") as name:
        base = Path(name)
        took = {
            "whole": _timed(lambda: _run(base / "whole", arguments)),
            "4 shards": _timed(lambda: _sharded(base, arguments)),
            "dask": _timed(lambda: _run(base / "dask", [*arguments, "--dask", "local:2"])),
            "dask, loss": _timed(lambda: _run(base / "loss", [*arguments, "--dask", "local:2"], 1)),
        }
        folders = {"whole": "whole", "4 shards": "merged", "dask": "dask", "dask, loss": "loss"}
        found = {way: _found(base / folder) for way, folder in folders.items()}
    whole, apart = found["whole"], 0
    print(f"{'way':<12}{'checks':>8}{'missing':>9}{'differing':>11}{'bits':>6}{'seconds':>9}")
    for way, each in found.items():
        missing = len(whole.keys() ^ each.keys())
        common = whole.keys() & each.keys()
        differing = [check for check in common if whole[check][0] != each[check][0]]
        bits = [check for check in common if whole[check][1:] != each[check][1:]]
        print(
            f"{way:<12}{len(each):>8}{missing:>9}{len(differing):>11}{len(bits):>6}{took[way]:>9.1f}"
        )
        for check in [*differing, *bits][:10]:
            print(f"    {check}: {whole[check]} and {each[check]}")
        apart += missing + len(differing) + len(bits)
    return 1 if apart else 0


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _sharded(base: Path, arguments: list[str]) -> None:
    folders = [base / f"shard-{index}" for index in range(1, SHARDS + 1)]
    for index, folder in enumerate(folders, 1):
        _run(folder, [*arguments, "--shard", f"{index}/{SHARDS}"])
    command = ["merge", *map(str, folders), "-o", str(base / "merged")]
    command = [sys.executable, "-m", "convergent", *command]
    _ended(subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode)


def _run(folder: Path, arguments: list[str], losses: int = 0) -> None:
    command = [sys.executable, "-m", "convergent", "run", *arguments, "-o", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(losses):
        print(f"killed Dask worker {_kill(process, folder)}")
    _ended(process.wait())


def _ended(code: int) -> None:
    if code not in (0, 1):  # findings are fine: they must be the same ones
        raise SystemExit(f"a run ended with {code}")


def _kill(process: subprocess.Popen[bytes], folder: Path) -> int:
    """Kill the Dask worker that has a framework's process, once there are outcomes."""
    path = folder / "run.jsonl"
    while not (path.exists() and b'"type":"check"' in path.read_bytes()):
        if process.poll() is not None:
            raise SystemExit("the run was over before a Dask worker could be killed")
        time.sleep(0.05)
    while process.poll() is None:
        for pid in _dask_workers(process.pid):
            os.kill(pid, signal.SIGKILL)
            return pid
        time.sleep(0.01)
    raise SystemExit("no Dask worker was at work any more")


def _dask_workers(root: int) -> Iterator[int]:
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="],  # noqa: S607 - wherever the system has it
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = [line.split(None, 2) for line in listed.splitlines()]
    parent = {int(pid): int(ppid) for pid, ppid, *_ in rows}
    for pid, _, *args in rows:
        above = parent[int(pid)]
        if "convergent.harness.worker" in " ".join(args) and above != root:
            up = above
            while up > 1 and up != root:
                up = parent.get(up, 0)
            if up == root:
                yield above


def _found(folder: Path) -> Found:
    outcomes = record.read(folder / "run.jsonl").outcomes
    return {o.id: (o.verdict, o.ratio, o.digest, o.known) for o in outcomes}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
