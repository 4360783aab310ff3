"""Harness overhead: wall time of ``convergent run`` by time inside the framework's calls.

The run is ``convergent run`` of one job, in its own process, with a clock around the referee's
steps (``traced.py``); each repetition goes through all backends. The framework's import, which no
harness can spare, is given apart, and so is carrying tensors to the framework and back.
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

from figures import by_length, medians, ratio

SHARDS = {"scipy": "1/1", "torch": "1/4", "tensorflow": "1/12", "jax": "1/24"}
"""A fixed part of the suite ``ci`` for each backend, of less than a minute inside calls."""
LARGE = ["--suite", "networks", "--scale", "8"]
FEW = ["--method", "native", "--method", "autodiff"]  # SciPy has others, which are slow
LARGE_SHARD = "1/16"
LIMITS = (0.0001, 0.001)  # seconds per call
_TRACED = Path(__file__).with_name("traced.py")


def measure(backends: list[str], repeat: int, say: Any) -> dict[str, Any]:
    """Return figures by kind of cases and backend."""
    kinds = ("ci", "large")
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _ in range(repeat):
        for name in backends:
            for kind in kinds if name != "scipy" else kinds[:1]:
                told = traced(name, _arguments(kind, name))
                rows.setdefault((kind, name), []).append(told)
                say(f"overhead: {name} {kind} {told['overhead']:.2f}")
    found: dict[str, Any] = {kind: {} for kind in kinds}
    for (kind, name), each in rows.items():
        found[kind][name] = _together(each)
    return found


def _arguments(kind: str, backend: str) -> list[str]:
    if kind == "ci":
        return ["--suite", "ci", "--shard", SHARDS[backend]]
    return [*LARGE, *FEW, "--shard", LARGE_SHARD]


def traced(backend: str, arguments: list[str]) -> dict[str, Any]:
    """Run once and return the figures of this run."""
    with tempfile.TemporaryDirectory(prefix="convergent-speed-") as folder:
        told = Path(folder) / "told.json"
        command = [sys.executable, str(_TRACED), str(told), "run", "--backend", backend,
                   *arguments, "-j", "1", "-q", "-o", folder]  # fmt: skip
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, env=dict(os.environ), check=False)
        wall = time.perf_counter() - began
        return summary(json.loads(told.read_text()), wall)


def summary(told: dict[str, Any], wall: float) -> dict[str, Any]:
    """Return the figures of one traced run that took ``wall`` seconds from outside."""
    times, steps = told["times"], told["steps"]
    calls, count = times["framework"], len(told["checks"])
    lengths = by_length(told["checks"], LIMITS)
    return {
        "checks": count,
        "wall": wall,
        "calls": calls,
        "overhead": ratio(wall, calls),
        "without import": ratio(wall - times["start"], calls),
        "at work": ratio(times["wall"] - times["start"], calls),
        "carrying": ratio(times["carried"], calls),
        "beside calls": ratio(times["busy"] - calls - times["carried"], calls),
        "rate": ratio(count, wall - times["start"]),
        "processor per check": ratio(told["processor"], count),
        "steps": {**steps, "process": wall - sum(steps.values())},
        "lengths": {
            name: {
                "checks": row["checks"],
                "overhead": ratio(row["wall"], row["calls"]),
                "beside": ratio(row["wall"] - row["calls"], row["checks"]),
            }
            for name, row in lengths.items()
        },
    }


def _together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    plain = [{k: v for k, v in run.items() if isinstance(v, int | float)} for run in runs]
    names = runs[0]["lengths"]
    return {
        **medians(plain),
        "steps": medians([run["steps"] for run in runs]),
        "lengths": {name: medians([run["lengths"][name] for run in runs]) for name in names},
    }
