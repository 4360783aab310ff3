"""The page of the side-by-side comparison: tables of who told what, and who cried wolf."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from alarms.page import table
from convergent.cases.case import DTYPES
from convergent.harness import environment
from mutation.faults import Fault
from peers.checkers import FULL, FULL_IN_GRAPHS, Checker
from peers.rules import OURS, Rule
from peers.score import KINDS, LONG, Found, Rate, better

_PACKAGES = ("numpy", "torch", "tensorflow-cpu", "tensorflow", "jax", "keras")
_HEAD = """\
Rules that frameworks are tested by, the real functions of the real libraries, asked side by side
with this project's of {faults} of the {listed} planted faults of [the mutation score](mutation.md):
those that are functions of their operands and that somebody could tell. (State between calls,
crashes, changed operands and calls that must be refused need a harness, and no rule here is asked
of them.) Each fault is asked on the shape that its author chose to show it, by every op.

A fault is *told* where a rule refuses the wrong result and accepts the right one of the same check;
a rule that refuses both has cried wolf, and told nothing. Rules compare with the kindest
expectation there is: the exact value, rounded once to the dtype. A framework's tests have another
float32 result instead, so that both sides err.

{date}, {cpu}, {cores} cores, Python {python}, {packages};
{minutes:.0f} minutes. Again: `python benchmarks/peers --write`.
"""
_RULES = """\
*Normal*, *integers*, *special*: faults told on such data (special: NaN, infinities, subnormal and
tiny numbers, overflow, signed zeros, asked of the faults that name them). Rules are data, too:
tests of frameworks are written with normal or uniform numbers, benchdnn's with integers, ours
with all. (`assert_close` refuses every NaN, right or wrong, unless `equal_nan` is set.)
"""
_RATES = """\
{judged:,} right results, of implementations that differ in the order of summation alone (those of
[false alarms](alarms.md)), on real data. *Long*: the {long:,} of them with a sum of {least:,} terms
or more. What such constants do to PyTorch's own results on layers of published networks is told in
[when is a result right](../numerics.md).
"""
_CHECKERS = """\
Each is given the op as the framework's own custom function, forward and gradients by the mutant,
with normal data; the right op is asked first, and where it is refused the checker has cried wolf.
*Absent*: in the dtype that the checker wants the fault changes nothing. *Too large*: more than
{full:,} numbers (TensorFlow: {graphs:,}), of which a full Jacobian takes minutes. Whatever is wrong
in the same way forwards and backwards is the gradient of what it is the gradient of: no checker can
tell.
"""
_TIMES = """\
Median processor time per verified gradient and, in brackets, the ratio to ours: both gradients of
one conv in NumPy, from the operands to the verdict, all ways by turns in one process. Rules include
a reference in float64, ours its oracle, bound and judgement (no worker process: that is
[speed](speed.md)); checkers what they call for finite differences. Rules are timed on results that
they accept.
"""


@dataclasses.dataclass
class Board:
    """Everything that was asked, and what came of it."""

    began: float
    rules: tuple[Rule, ...] = ()
    checkers: tuple[Checker, ...] = ()
    faults: dict[str, Fault] = dataclasses.field(default_factory=dict)
    listed: int = 0
    judged: dict[str, dict[str, dict[str, Found]]] = dataclasses.field(default_factory=dict)
    rates: dict[str, Rate] = dataclasses.field(default_factory=dict)
    checked: dict[str, dict[str, Found]] = dataclasses.field(default_factory=dict)
    accepted: dict[str, bool] = dataclasses.field(default_factory=dict)
    seconds: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)

    def found(self, fault: str, rule: str) -> Found:
        """Return what a rule makes of a fault on the kind of data that shows it best."""
        best: Found = "absent"
        for one in self.judged[fault][rule].values():
            best = better(best, one)
        return best


def render(board: Board) -> str:
    """Return the page."""
    parts = [
        "# Side by side",
        _head(board),
        "## Faults told by rules",
        _RULES,
        "\n".join(_by_rule(board)),
        "## Right results refused",
        _rates(board),
        "\n".join(_by_dtype(board)),
    ]
    if board.checkers:
        parts += [
            "## Faults told by gradient checkers",
            _CHECKERS.format(full=FULL, graphs=FULL_IN_GRAPHS),
            "\n".join(_by_checker(board)),
        ]
    parts += ["## Time", _TIMES, "\n".join(_by_time(board))]
    parts += ["## What each does not tell", "\n".join(_missed(board))]
    parts += [
        "## What each rule does not tell on normal data",
        "\n".join(_missed_on(board, "normal")),
    ]
    parts += ["## Where the numbers stand", "\n".join(_sources(board))]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def take(board: Board, told: dict[str, Any]) -> None:
    """Put into ``board`` what ``plain`` told of another run with the same faults and names."""
    for name, by_rule in told["judged"].items():
        if name in board.faults and set(by_rule) == {rule.name for rule in board.rules}:
            board.judged[name] = by_rule
    for name, rate in told["rates"].items():
        board.rates[name] = Rate()
        board.rates[name].judged.update(rate["judged"])
        board.rates[name].refused.update(rate["refused"])
    board.checked.update({n: by for n, by in told["checked"].items() if n in board.faults})
    board.accepted.update(told["right forms accepted"])
    board.seconds.update(told["seconds"])
    board.began -= float(told["minutes"]) * 60


def plain(board: Board) -> dict[str, Any]:
    """Return every figure as JSON has it."""
    return {
        "minutes": (time.monotonic() - board.began) / 60,
        "judged": board.judged,
        "rates": {n: {"judged": r.judged, "refused": r.refused} for n, r in board.rates.items()},
        "checked": board.checked,
        "right forms accepted": board.accepted,
        "seconds": board.seconds,
        "environment": environment.describe(),
        "packages": _versions(),
    }


def _head(board: Board) -> str:
    machine = environment.describe()
    return _HEAD.format(
        faults=len(board.faults),
        listed=board.listed,
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        packages=", ".join(f"{name} {version}" for name, version in _versions().items()),
        minutes=(time.monotonic() - board.began) / 60,
        **{name: machine[name] for name in ("cpu", "cores", "python")},
    )


def _rates(board: Board) -> str:
    judged = board.rates[OURS].judged if board.rates else {}
    long = sum(number for name, number in judged.items() if "long" in name)
    return _RATES.format(judged=sum(judged.values()) - long, long=long, least=LONG)


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _by_rule(board: Board) -> Iterator[str]:
    total = len(board.judged)
    rows = []
    for rule in board.rules:
        by_kind = [_count(board, rule.name, kind) for kind in KINDS]
        all_of_them = Counter(board.found(fault, rule.name) for fault in board.judged)
        rows.append(
            [_name(rule.name), *by_kind, f"{all_of_them['told']} of {total}",
             all_of_them["wolf"], total - all_of_them["told"] - all_of_them["wolf"]]
        )  # fmt: skip
    return table(["rule", *KINDS, "told on any", "cried wolf", "missed"], rows)


def _count(board: Board, rule: str, kind: str) -> str:
    found = Counter(by_rule[rule][kind] for by_rule in board.judged.values())
    asked = sum(found.values()) - found["absent"]
    return f"{found['told']} of {asked}" if asked else "not asked"


def _by_dtype(board: Board) -> Iterator[str]:
    columns = [*DTYPES, "float64, long", "float32, long"]
    rows = []
    for rule in board.rules:
        rate = board.rates.get(rule.name)
        if rate is None or not rate.judged:
            continue
        shares = [_share(rate.refused[d], rate.judged[d]) for d in columns]
        rows.append([_name(rule.name), *shares])
    return table(["rule", *columns], rows)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "not asked"


def _by_checker(board: Board) -> Iterator[str]:
    rows = []
    for checker in board.checkers:
        found = Counter(
            by_name[checker.name] for by_name in board.checked.values() if checker.name in by_name
        )
        right = [ok for key, ok in board.accepted.items() if key.startswith(f"{checker.name} conv")]
        refused = f"{right.count(False)} of {len(right)}"
        rows.append(
            [checker.name, checker.dtype, f"{found['told']} of {sum(found.values())}",
             found["wolf"], found["missed"], found["absent"], found["too large"], refused]
        )  # fmt: skip
    head = ["checker", "dtype", "told", "cried wolf", "missed", "absent", "too large"]
    return table([*head, "right refused"], rows)


def _by_time(board: Board) -> Iterator[str]:
    names = [r.name for r in board.rules] + [c.name for c in board.checkers]
    rows = []
    for name in names:
        cells = []
        for found in board.seconds.values():
            ratio = found.get(name, 0.0) / found[OURS]
            cells.append(f"{1e3 * found[name]:.3g} ms ({ratio:.3g})" if ratio else "too large")
        if any(name in found for found in board.seconds.values()):
            rows.append([_name(name), *cells])
    return table(["way", *(f"`{line}`" for line in board.seconds)], rows)


def _missed(board: Board) -> Iterator[str]:
    """Yield for each rule the faults that it does not tell on any data, with the reason."""
    for rule in board.rules:
        names = {fault: board.found(fault, rule.name) for fault in board.judged}
        yield from _listed(rule.name, names)
    for checker in board.checkers:
        yield from _listed(
            checker.name,
            {f: by[checker.name] for f, by in board.checked.items() if checker.name in by},
        )


def _missed_on(board: Board, kind: str) -> Iterator[str]:
    for rule in board.rules:
        yield from _listed(
            rule.name,
            {f: by[rule.name][kind] for f, by in board.judged.items() if not rule.integers},
            ("missed", "wolf"),
        )


def _listed(
    title: str,
    found: dict[str, Found],
    reasons: tuple[Found, ...] = ("missed", "wolf", "absent", "too large"),
) -> Iterator[str]:
    for said in reasons:
        names = [f"`{name}`" for name, one in found.items() if one == said]
        if names:
            verb = {"wolf": "cried wolf", "absent": "not there to be seen"}.get(said, said)
            yield f"- **{title}**, {verb} ({len(names)}): {', '.join(names)}"


def _sources(board: Board) -> Iterator[str]:
    for one in (*board.rules, *board.checkers):
        yield f"- {_name(one.name)}: {one.numbers} ([source]({one.source}))"


def _name(name: str) -> str:
    return f"**{name}**" if name == OURS else name
