"""The tables of the page, each figure beside what it was before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from figures import median, ratio
from overhead import SHARDS

LAYERS = """\
ResNet-50's 3x3 layers with a batch of 4, one thread, processor time. The peak is a float64 matrix
product of 1024 x 1024 in the same process; *map* is one of the oracle's maps in float64, *answer*
all that is needed to judge: two maps (value and `sum|x||w|`), counts and bound; autodiff is
PyTorch's in float32, whose peak is twice as high. The answer has two maps of twice the width: even
at the peak it would take about 4 times as long."""

SAMPLE = """\
The answer's time by the best framework's, on a sample of `networks --scale 8` and three ops:
median {middle}. Widest: {widest}. A depthwise map is a matrix by a vector for each channel,
which no matrix library does fast, and whose order of summation is kept."""

GROWTH = """\
A backend that takes as good as no time: runs of four ops (*cases*, *methods*), and one case of
growing size (*places*). The cost is linear in each; what one more costs is in the last column. The
harness alone does {rate} checks/s."""

Row = tuple[str, ...]
_SHARES = {
    "start of the processes": ("process", "planning", "starting the worker"),
    "worker at work": ("waiting for the worker",),
    "transport": ("sending", "sending a case"),
    "oracle": ("drawing operands", "oracle and bound"),
    "judging": ("judging", "digest", "asking for gaps", "ledger and run file", "working"),
    "diagnosis": ("diagnosis",),
    "report": ("report",),
}


def table(head: Row, rows: Iterable[Row]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def pair(before: float | None, now: float, digits: int = 2) -> str:
    """Return ``before → now``, or ``now`` alone."""
    shown = _figure(now, digits)
    return shown if before is None or math.isnan(before) else f"{_figure(before, digits)} → {shown}"


def startup(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Return the commands' times by Python's and NumPy's, and the first outcomes."""
    rows = []
    for name, seconds in now["seconds"].items():
        by = now["ratios"][name]
        was = before["ratios"].get(name) if before else None
        rows.append((
            f"`{name}`", f"{seconds * 1e3:.0f} ms",
            pair(was and was["to pass"], by["to pass"], 1),
            pair(was and was["to numpy"], by["to numpy"]),
        ))  # fmt: skip
    firsts = []
    for name, row in now["first"].items():
        was = before["first"].get(name) if before else None
        firsts.append((
            name, f"{row['import']:.2f} s",
            pair(was and was["beside the import"], row["beside the import"]) + " s",
            f"{row['calls']:.2f} s",
        ))  # fmt: skip
    heads = ("command", "time", "by `python -c pass`", "by `import numpy`")
    return [
        table(heads, rows),
        "Of `run --suite smoke`, from the command to the first check that was run and judged:",
        table(
            ("backend", "the import alone", "first outcome less the import", "of which calls"),
            firsts,
        ),
    ]


def overhead(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Return ratios by backend for small and large cases, by length of a call, and the shares."""
    parts = []
    for kind, title in (("ci", "The suite `ci`:"), ("large", "Layers of `networks --scale 8`:")):
        rows = []
        for name, row in now[kind].items():
            was = (before or {}).get(kind, {}).get(name)
            rows.append((
                name, f"{row['checks']:.0f}",
                *(pair(was and was[word], row[word])
                  for word in ("overhead", "without import", "at work")),
                pair(was and whole(was, name), whole(row, name)) if kind == "ci" else "",
                pair(was and _long(was), _long(row)),
                f"{row['carrying'] * 100:.1f} %",
                pair(was and was["rate"], row["rate"], 0),
            ))  # fmt: skip
        heads = ("backend", "checks", "wall / calls", "without import", "checks alone",
                 "all of `ci`", "calls >= 1 ms", "carrying tensors", "checks/s")  # fmt: skip
        parts += [title, table(heads, rows)]
    heads = ("part of the wall time, `ci`", *now["ci"])
    found = []
    for name, steps in _SHARES.items():
        line = [name]
        for backend, row in now["ci"].items():
            was = (before or {}).get("ci", {}).get(backend)
            line.append(pair(was and _share(was, steps), _share(row, steps), 1) + " %")
        found.append(tuple(line))
    return [*parts, "Where the wall time of the referee goes, in percent:", table(heads, found)]


def oracle(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Return the layers of ResNet-50 and the sample of networks."""
    rows = []
    earlier = {(r["case"], r["op"]): r for r in before["layers"]} if before else {}
    for row in now["layers"]:
        was = earlier.get((row["case"], row["op"]))
        rows.append((
            f"`{row['case']}`", row["op"], f"{row['rate']:.0f} of {row['peak']:.0f}",
            *(pair(was and was[word], row[word])
              for word in ("of peak", "map by autodiff", "answer by autodiff")),
        ))  # fmt: skip
    heads = ("layer", "op", "GFLOP/s", "of peak", "map / autodiff", "answer / autodiff")
    ratios = [row["ratio"] for row in now["networks"] if math.isfinite(row["ratio"])]
    was_ratios = [row["ratio"] for row in before["networks"]] if before else []
    widest = sorted(now["networks"], key=lambda row: -row["ratio"])[:3]
    named = "; ".join(f"`{row['case']}` {row['op']} {row['ratio']:.0f}" for row in widest)
    middle = pair(median(was_ratios) if was_ratios else None, median(ratios), 1)
    return [LAYERS, table(heads, rows), SAMPLE.format(middle=middle, widest=named)]


def growth(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Return how cost grows; the fits are ``fixed + each * size``."""
    rows = []
    for cause, found in now.items():
        was = before.get(cause) if before else None
        sizes = ", ".join(f"{r['size']:.0f}: {r['seconds']:.1f} s" for r in found["rows"])
        rows.append((
            cause, sizes, pair(was and was["fixed"], found["fixed"]) + " s",
            pair(was and was["each"] * 1e3, found["each"] * 1e3) + " ms",
        ))  # fmt: skip
    last = now["cases"]["rows"]
    rate = ratio(last[-1]["checks"] - last[0]["checks"], last[-1]["seconds"] - last[0]["seconds"])
    heads = ("grows", "size: time", "fixed", "each")
    return [GROWTH.format(rate=f"{rate:.0f}"), table(heads, rows)]


def compiling(now: Mapping[str, Any]) -> str:
    """Return JAX's compile share by way."""
    rows = [
        (way, f"{row['checks']:.0f}", f"{row['wall']:.0f} s", f"{row['first']:.0f} s",
         f"{row['again']:.1f} s", f"{row['compiling'] * 100:.0f} %")
        for way, row in now.items()
    ]  # fmt: skip
    heads = (
        "cache, workers",
        "checks",
        "wall",
        "first calls",
        "second calls",
        "tracing, compiling",
    )
    return table(heads, rows)


def whole(row: Mapping[str, Any], backend: str) -> float:
    """Return the overhead of all of ``ci``: what both processes' start and the plan cost, once."""
    once = sum(row["steps"][step] for step in ("process", "planning", "starting the worker"))
    number = int(SHARDS[backend].partition("/")[2])
    return row["at work"] + ratio(once / number + row["steps"]["report"], row["calls"])


def _long(row: Mapping[str, Any]) -> float:
    return float(list(row["lengths"].values())[-1]["overhead"])


def _share(row: Mapping[str, Any], steps: Iterable[str]) -> float:
    return 100 * ratio(sum(row["steps"].get(step, 0.0) for step in steps), row["wall"])


def _figure(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
