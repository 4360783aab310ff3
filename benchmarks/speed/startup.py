"""Start-up: what a person waits for before anything is checked.

Commands run by turns, each in a fresh process, and are given as ratios to ``python -c pass`` and to
importing NumPy. Of ``run --suite smoke`` the time to the first outcome in the run file counts, less
the time that the bare import of the framework takes in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import median, ratio

IMPORTS = {
    "scipy": "import scipy.signal",
    "torch": "import torch",
    "tensorflow": "import tensorflow",
    "jax": "import jax, jax.numpy",
}
_LIMIT = 120.0


def measure(backends: list[str], repeat: int, say: Any) -> dict[str, Any]:
    """Return seconds and ratios of the commands, and each backend's first outcome."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
        "convergent --help": [*_convergent(), "--help"],
        "convergent --version": [*_convergent(), "--version"],
        "convergent run --help": [*_convergent(), "run", "--help"],
        "convergent completion bash": [*_convergent(), "completion", "bash"],
        "completing a command": _convergent(),
    }
    completing = {
        "COMP_WORDS": "convergent ru", "COMP_CWORD": "1", "_CONVERGENT_COMPLETE": "bash_complete",
    }  # fmt: skip
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeat * 3):
        for name, command in commands.items():
            added = completing if name == "completing a command" else {}
            took[name].append(_timed(command, added))
    say("start-up: commands done")
    seconds = {name: median(each) for name, each in took.items()}
    bare, numpy = seconds["python -c pass"], seconds["python -c 'import numpy'"]
    ratios = {
        name: {"to pass": ratio(each, bare), "to numpy": ratio(each, numpy)}
        for name, each in seconds.items()
    }
    return {"seconds": seconds, "ratios": ratios, "first": _firsts(backends, repeat, say)}


def _firsts(backends: list[str], repeat: int, say: Any) -> dict[str, dict[str, float]]:
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in backends}
    for _ in range(repeat):
        for name in backends:
            bare = _timed([sys.executable, "-c", IMPORTS[name]], {})
            rows[name].append((bare, *first_outcome(name)))
            say(f"start-up: first outcome of {name}")
    return {
        name: {
            "import": median(bare for bare, _, _ in each),
            "first outcome": median(first for _, first, _ in each),
            "beside the import": median(first - bare for bare, first, _ in each),
            "calls": median(calls for _, _, calls in each),
        }
        for name, each in rows.items()
    }


def first_outcome(backend: str) -> tuple[float, float]:
    """Return the seconds until ``run --suite smoke`` has a first outcome, and of its calls."""
    with tempfile.TemporaryDirectory(prefix="convergent-speed-") as folder:
        command = [*_convergent(), "run", "--suite", "smoke", "--backend", backend, "-j", "1",
                   "-q", "-o", folder]  # fmt: skip
        path, began = Path(folder) / "run.jsonl", time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while (found := _first(path)) is None:
                if process.poll() is not None or time.perf_counter() - began > _LIMIT:
                    raise SystemExit(f"run --backend {backend} gave no outcome")
                time.sleep(0.005)
            return time.perf_counter() - began, found
        finally:
            process.kill()
            process.wait()


def _first(path: Path) -> float | None:
    """Return the seconds in calls of the first check that was run: a declared gap needs none."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for line in map(json.loads, lines):
        if line["type"] == "check" and line["verdict"] != "unsupported":
            return float(line["seconds"]) + float(line["again"])
    return None


def _convergent() -> list[str]:
    return [sys.executable, "-m", "convergent"]


def _timed(command: list[str], added: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        command, env={**os.environ, **added}, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - began
