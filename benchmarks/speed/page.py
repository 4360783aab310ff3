"""The page docs/proof/speed.md, made of figures alone; ``tables.py`` has the tables."""

from __future__ import annotations

from typing import Any

import tables

COMMAND = "python benchmarks/speed --json now.json --write"
OVERHEAD, PEAK, AUTODIFF, HELP, FIRST = 1.25, 0.5, 4.0, 0.150, 1.0
"""The targets: wall by calls, of the product's rate, by autodiff's time, seconds, seconds."""

INTRODUCTION = """\
Made by `{command}`; every figure is a ratio within one run or a median of interleaved repetitions.
*Before* is what the same command said of the project before its speed was worked on."""

WHY = """\
A run is at most as fast as its framework: the figure is the wall time of `convergent run`, from
the first byte of Python to the last of the report, by the time inside the framework's calls. One
job, so that nothing hides behind another worker. What no harness can spare is the framework's own
import, which is in the first column and not in the second; the third has checks alone, without the
start of both processes, the plan and the report, whose cost does not grow with the calls. The
suite `ci` is run in a fixed part for each backend (`overhead.py` names it). *All of `ci`* is what
the whole suite takes, computed: the processes and the plan are started once, and checks and report
cost what they do in the part. Whatever a call does, a check in a process of its own has a way
there and back and is drawn, judged and written; where calls take microseconds nothing isolated
stays within a quarter of them. So calls of a millisecond and more have a column of their own.

Where a target is missed with checks alone inside it, what is over is fixed: the import and the
start of two processes (the shares stand below), which a part of a suite, or SciPy's whole one of a
few seconds in calls, does not outlast. Large layers have an overhead of another kind: for two or
three calls of a few milliseconds operands are drawn and two float64 maps are computed exactly."""

DONE = """\
- Results of equal bits are judged and diagnosed once for each question; most methods of an op agree
  to the bit.
- The ledger reads a case's features once and asks only the entries that speak of a method.
- A worker has up to 16 requests before it and a wider pipe, so that it goes on while the referee
  looks longer at one wrong result.
- The oracle's maps gather windows tap by tap, in blocks that a cache holds, and add gradients in
  the layout of image and filter; each sum has the terms and the order that it had.
- Bounds and roundings go over a large answer fewer times; normal numbers are drawn row by row.
- Verdicts, error ratios and digests are those of before: run files of both were compared."""

COMPILING = """\
Nearly all of a first call is tracing and compiling. The worker uses JAX's own persistent cache,
keyed by program, compiler version and flags, so that what runs is what a user's compiler made; it
spares compiling and not tracing. Several workers compile at once (`-j`). Traces are not shared
between methods and the level of optimisation is not lowered: either would check other code than a
user runs."""


def text(found: dict[str, Any], before: dict[str, Any]) -> str:
    """Return the page; parts that were not measured are left out."""
    blocks = [
        "# Speed",
        INTRODUCTION.format(command=COMMAND),
        _machine(found.get("machine", {}), before.get("machine", {})),
        "## Targets",
        tables.table(("target", "before", "now", ""), _targets(found, before)),
    ]
    if "startup" in found:
        blocks += ["## Start-up", *tables.startup(found["startup"], before.get("startup"))]
    if "overhead" in found:
        blocks += ["## Overhead", WHY, *tables.overhead(found["overhead"], before.get("overhead"))]
    if "oracle" in found:
        blocks += ["## The oracle", *tables.oracle(found["oracle"], before.get("oracle"))]
    if "growth" in found:
        blocks += ["## Growth", *tables.growth(found["growth"], before.get("growth"))]
    if "compile" in found:
        blocks += ["## JAX compiling", COMPILING, tables.compiling(found["compile"])]
    blocks += ["## What was done", DONE]
    return "\n\n".join(blocks) + "\n"


def _machine(now: dict[str, Any], before: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in now.get("versions", {}).items())
    loads = [f"{each['load']:.1f}" for each in (before, now) if each]
    lines = (
        f"{now.get('date')}, {now.get('processor')}, {now.get('cores')} cores, OMP_NUM_THREADS",
        f"{now.get('threads')}; Python {now.get('python')}, {versions}. The machine was shared:",
        f"its load was {' and '.join(loads)} (before and now): waiting for a core is in all",
        "wall times.",
    )
    return "\n".join(lines)


def _targets(found: dict[str, Any], before: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for name, goal, of, unit in (
        (
            "overhead on a part of `ci`: wall by calls, the worst",
            OVERHEAD,
            _overhead("overhead"),
            "",
        ),
        ("the same without the framework's import", OVERHEAD, _overhead("without import"), ""),
        ("the same on all of `ci`, with the import", OVERHEAD, _whole, ""),
        ("the same of checks alone", OVERHEAD, _overhead("at work"), ""),
        ("the same in calls of 1 ms and more", OVERHEAD, _long, ""),
        ("oracle's maps by the matrix product's rate, the worst layer", -PEAK, _peak, ""),
        ("oracle's maps by float32 autodiff, the worst layer", AUTODIFF, _autodiff, ""),
        ("`convergent --help`", HELP, _help, " s"),
        ("first outcome of `smoke` after the import, the worst backend", FIRST, _first, " s"),
    ):
        now, then = _try(of, found), _try(of, before)
        if now is None:
            continue
        met = now >= -goal if goal < 0 else now <= goal
        sign = "at least" if goal < 0 else "at most"
        shown = "-" if then is None else f"{then:.2f}{unit}"
        rows.append(
            (
                f"{name}: {sign} {abs(goal):g}{unit}",
                shown,
                f"{now:.2f}{unit}",
                "met" if met else "not met",
            )
        )
    return rows


def _try(of: Any, found: dict[str, Any]) -> float | None:
    try:
        return float(of(found))
    except (KeyError, ValueError):
        return None


def _overhead(word: str) -> Any:
    return lambda found: max(row[word] for row in found["overhead"]["ci"].values())


def _whole(found: dict[str, Any]) -> float:
    return max(tables.whole(row, name) for name, row in found["overhead"]["ci"].items())


def _long(found: dict[str, Any]) -> float:
    rows = found["overhead"]["ci"].values()
    return max(list(row["lengths"].values())[-1]["overhead"] for row in rows)


def _peak(found: dict[str, Any]) -> float:
    return min(row["of peak"] for row in found["oracle"]["layers"])


def _autodiff(found: dict[str, Any]) -> float:
    return max(row["map by autodiff"] for row in found["oracle"]["layers"])


def _help(found: dict[str, Any]) -> float:
    return float(found["startup"]["seconds"]["convergent --help"])


def _first(found: dict[str, Any]) -> float:
    return max(row["beside the import"] for row in found["startup"]["first"].values())
