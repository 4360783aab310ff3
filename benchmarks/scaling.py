"""Checks per second with one and two workers, and the harness' memory as checks grow.

``python benchmarks/scaling.py`` runs samples of growing size (``--checks 1000 10000 100000``) and
prints, for each, the peak of the harness' own resident memory (its workers are other processes)
before it writes the report and in the end; then the checks per second of the same cases by one
worker and by two at once, as a ratio. The backend takes as good as no time (``honest.py``), so that
all of it is the harness' own; ``--backend torch`` measures what a user has.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUNNER = """
import json, resource, sys, time
from pathlib import Path
from convergent.cases import sample
from convergent.harness import ledger, plan, run
from convergent.harness.options import Options

backend, checks, jobs, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
selection = plan.Selection(ops=("conv", "backprop_input", "backprop_filter", "transpose"))
keys, cases, planned = plan.keys(backend, selection), [], 0
for case in sample.draw(max(checks // 3, 100), 20261126):
    if planned >= checks:
        break
    cases.append(case)
    planned += len(keys(case))
options = Options(variants=(backend,), folder=folder, selection=selection, jobs=jobs)
began = time.perf_counter()
result = run.run(cases, options, ledger.load())
took = time.perf_counter() - began
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
told = {"checks": len(result.run.outcomes), "seconds": took, "run": peak()}
from convergent.reports import html
html.write(result.run, folder / "report.html")
print(json.dumps(told | {"report": peak()}))
"""


def main() -> int:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="honest")
    parser.add_argument("--checks", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rate", type=int, default=5_000, help="checks for the rate")
    asked = parser.parse_args()
    print(f"{'checks':>9}{'MiB at the end of the run':>27}{'with report':>13}{'checks/s':>10}")
    for checks in asked.checks:
        told = _measure(asked.backend, checks, 1)
        rate = told["checks"] / told["seconds"]
        print(f"{told['checks']:>9,.0f}{told['run']:>27.0f}{told['report']:>13.0f}{rate:>10.1f}",
              flush=True)  # fmt: skip
    one, two = (_measure(asked.backend, asked.rate, jobs) for jobs in (1, 2))
    rates = [told["checks"] / told["seconds"] for told in (one, two)]
    print(f"one worker {rates[0]:.1f} checks/s, two {rates[1]:.1f}: x{rates[1] / rates[0]:.2f}")
    return 0


def _measure(backend: str, checks: int, jobs: int) -> dict[str, float]:
    here = str(Path(__file__).parent)
    added = {"CONVERGENT_ADAPTER": "honest=honest:Honest", "OMP_NUM_THREADS": "1"}
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    with tempfile.TemporaryDirectory(prefix="convergent-scaling-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, backend, str(checks), str(jobs), folder],
            stdout=subprocess.PIPE, check=True, cwd=folder,
            env={**os.environ, **added, "PYTHONPATH": path},
        )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout)
    return told


if __name__ == "__main__":
    sys.exit(main())
