"""How a run's cost grows with cases, methods and the size of tensors; checks per second.

A backend that takes as good as no time (``../honest.py``) runs samples of growing size, so that all
of it is the harness' own; then one case of growing size, of which the oracle is nearly all.
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

from figures import exponent, growth, median

CASES = (50, 100, 200, 400)
METHODS = {"one": ["conv"], "two": ["conv", "transpose"],
           "four": ["conv", "transpose", "backprop_input", "backprop_filter"]}  # fmt: skip
SIZES = (8, 16, 32, 64)
_ADAPTER = {"CONVERGENT_ADAPTER": "honest=honest:Honest"}


def measure(repeat: int, say: Any) -> dict[str, Any]:
    """Return tables of sizes and seconds, with a fit of each."""
    found: dict[str, Any] = {}
    by_cases = {n: _run(repeat, ["--sample", str(n), "--seed", "7"]) for n in CASES}
    say("growth: cases done")
    found["cases"] = _fitted(by_cases)
    by_methods = {}
    for ops in METHODS.values():
        chosen = [word for op in ops for word in ("--op", op)]
        by_methods[len(ops)] = _run(repeat, ["--sample", "200", "--seed", "7", *chosen])
    say("growth: methods done")
    found["methods"] = _fitted(by_methods)
    sizes = {}
    for size in SIZES:
        line = f"conv2d:n8_i{size}_c32_k3_o32_p1_normal"
        sizes[size * size] = _run(repeat, ["--case", line])
    say("growth: sizes done")
    found["places"] = _fitted(sizes)
    return found


def _fitted(rows: dict[int, tuple[float, float]]) -> dict[str, Any]:
    sizes, seconds = list(rows), [wall for wall, _ in rows.values()]
    fixed, each = growth(sizes, seconds)
    above = [max(second - fixed, 1e-3) for second in seconds]
    return {
        "rows": [{"size": s, "seconds": wall, "checks": n} for s, (wall, n) in rows.items()],
        "fixed": fixed,
        "each": each,
        "exponent": exponent(sizes, above),
    }


def _run(repeat: int, arguments: list[str]) -> tuple[float, float]:
    """Return the median wall seconds of a run and its number of checks."""
    here = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    took, checks = [], 0.0
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="convergent-speed-") as folder:
            command = [sys.executable, "-m", "convergent", "run", "--backend", "honest",
                       *arguments, "-j", "1", "-q", "-o", folder]  # fmt: skip
            began = time.perf_counter()
            subprocess.run(
                command, env={**os.environ, **_ADAPTER, "PYTHONPATH": path},
                stdout=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            took.append(time.perf_counter() - began)
            head = (Path(folder) / "run.jsonl").open("rb").readline()
            checks = json.loads(head)["checks"]
    return median(took), checks
