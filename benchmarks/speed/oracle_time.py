"""The oracle's time: by the best framework's on networks' layers, and by the machine's peak."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from figures import median, ratio

from convergent.backends import oracle, registry
from convergent.cases import data, suites
from convergent.cases.case import Case
from convergent.cases.errors import BackendUnavailable
from convergent.cases.scale import scale
from convergent.harness.ask import Asker
from convergent.harness.compare import Question

OPS = ("conv", "backprop_input", "backprop_filter")
METHODS = ("native", "autodiff")
SCALE, EVERY, CALLS = 8, 16, 3


def measure(backends: list[str], repeat: int, say: Any) -> dict[str, Any]:
    """Return the rows of ResNet's layers and of the sample of networks."""
    layers = Path(__file__).with_name("layers.py")
    done = subprocess.run(
        [sys.executable, str(layers), str(max(repeat, 3))], stdout=subprocess.PIPE, check=True,
        env={"OMP_NUM_THREADS": "1", **os.environ},
    )  # fmt: skip
    rows = json.loads(done.stdout)
    say("oracle: layers of ResNet-50 done")
    sample = networks([name for name in backends if name != "scipy"], repeat, say)
    return {"layers": rows, "networks": sample}


def sampled() -> list[Case]:
    """Return every 16th different layer of the suite ``networks`` by an eighth."""
    return list(dict.fromkeys(scale(case, SCALE) for case in suites.load("networks")))[::EVERY]


def networks(backends: list[str], repeat: int, say: Any) -> list[dict[str, Any]]:
    """Return a row per case and op: the oracle's seconds and the best framework's."""
    rows = []
    with Asker(repeat=CALLS) as ask:
        for case in sampled():
            operands = data.make(case)
            for op in OPS:
                took = [_seconds(case, op, operands) for _ in range(max(repeat, 2))]
                best, name = _best(ask, backends, case, op)
                rows.append({"case": str(case), "op": op, "oracle": median(took), "best": best,
                             "by": name, "ratio": ratio(median(took), best)})  # fmt: skip
            say(f"oracle: {case}")
    return rows


def _seconds(case: Case, op: str, operands: data.Operands) -> float:
    began = time.perf_counter()
    Question(case, op, oracle.expect(case, op, operands))
    return time.perf_counter() - began


def _best(ask: Asker, backends: list[str], case: Case, op: str) -> tuple[float, str]:
    best, name = math.inf, ""
    for backend in backends:
        for method in METHODS:
            key = f"{op}/{method}"
            if key not in registry.variant(backend).methods():
                continue
            try:
                outcome = ask(backend, key, case)
            except BackendUnavailable:
                continue
            if outcome.again and outcome.again < best:
                best, name = outcome.again, f"{backend} {method}"
    return best, name
