"""Write ``costs.json`` from run files: ``python benchmarks/costs.py RUN... > costs.json``.

The constants are fitted to the runs that had one job and an end: what a check takes beside the
framework's calls, by least squares over the number of checks and of multiplications.
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np
from scipy.optimize import nnls

from convergent.cases.text import parse
from convergent.harness import record
from convergent.harness.costs import Table, plain, products

DIGITS = 3
FEWEST = 5  # checks; of fewer a mean tells nothing


def main(paths: list[str]) -> None:
    """Read the runs and print the table."""
    runs = [record.read(Path(path)) for path in paths]
    seconds: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for run in runs:
        for o in run.outcomes:
            if o.verdict != "unsupported" and o.seconds > 0:
                seconds[plain(o.variant)][o.key].append(o.seconds + o.again)
    methods = {
        name: {k: _mean(v) for k, v in sorted(found.items()) if len(v) >= FEWEST}
        for name, found in seconds.items()
        if ":" not in name
    }
    modes = {
        name: _rounded(_factor(found, seconds[name.partition(":")[0]]))
        for name, found in sorted(seconds.items())
        if ":" in name and seconds[name.partition(":")[0]]
    }
    check, product = map(_rounded, _constants(runs))
    table = Table(check=check, product=product, methods=methods, modes=modes)
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n")


def _constants(runs: list[record.Run]) -> list[float]:
    rows, times = [], []
    for run in runs:
        argv = " ".join(run.header.argv)
        whole = run.end and not run.end.interrupted and len(run.outcomes) == run.header.checks
        if not (whole and run.end and "-j 1" in argv and "--resume" not in argv):
            continue
        done = [o for o in run.outcomes if o.verdict != "unsupported"]
        cases = {(o.variant, o.case) for o in done}
        rows.append([len(done), sum(products(parse(line)) for _, line in cases)])
        times.append(run.end.workers - run.end.framework)
    weights = 1 / np.array(times)[:, None]
    found, _ = nnls(np.array(rows, float) * weights, np.ones(len(times)))
    return [float(value) for value in found]


def _factor(found: dict[str, list[float]], plain: dict[str, list[float]]) -> float:
    common = [key for key in found if key in plain]
    took = sum(statistics.fmean(found[key]) for key in common)
    return took / sum(statistics.fmean(plain[key]) for key in common)


def _mean(seconds: list[float]) -> float:
    return _rounded(statistics.fmean(seconds))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


if __name__ == "__main__":
    main(sys.argv[1:])
