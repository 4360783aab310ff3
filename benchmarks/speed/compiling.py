"""JAX's compile share: what of its time in calls is the first call's, and what the cache spares.

The suite ``smoke`` by two methods is run with an empty compilation cache, then again with what the
first left there: JAX's own persistent cache, keyed by program, compiler version and flags, so that
what runs is what a user's compiler made. The third run has two workers and an empty cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import ratio

from convergent.harness import record

# Many cases by few methods: of few cases a second worker would have too little to start for.
PART = ["--suite", "smoke", "--method", "native", "--method", "autodiff"]
WAYS = {"empty cache": ("cold", "1"), "filled cache": ("cold", "1"), "empty, two": ("two", "2")}


def measure(say: Any) -> dict[str, Any]:
    """Return wall, first and later calls of each way."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="convergent-speed-") as base:
        for way, (cache, jobs) in WAYS.items():
            found[way] = _run(Path(base), way.replace(" ", "-"), cache, jobs)
            say(f"compile: {way}")
    return found


def _run(base: Path, name: str, cache: str, jobs: str) -> dict[str, float]:
    command = [sys.executable, "-m", "convergent", "run", "--backend", "jax", *PART,
               "-j", jobs, "-q", "-o", str(base / name)]  # fmt: skip
    added = {"JAX_COMPILATION_CACHE_DIR": str(base / cache)}
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, **added}, stdout=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - began
    outcomes = [o for o in record.read(base / name / "run.jsonl").outcomes if o.seconds]
    first, again = sum(o.seconds for o in outcomes), sum(o.again for o in outcomes)
    return {
        "checks": len(outcomes),
        "wall": wall,
        "first": first,
        "again": again,
        # What a first call takes beyond a later one is tracing and compiling.
        "compiling": ratio(max(first - again, 0.0), first + again),
    }
