"""How often is a correct implementation called wrong? Many of them, judged as a run judges.

    python benchmarks/alarms --checks 1000            # a look
    python benchmarks/alarms --checks 100000 --write  # docs/proof/alarms.md

Every check goes through ``Referee`` and ``judge``, in this process: nothing is sent to a worker.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from alarms import draw, page
from alarms.tally import CONSTANTS, Tally, needs_of, size_class, would_alarm
from alarms.terms import READS
from alarms.work import Work, downgraded, fast_ones, implementations, sorted_ones
from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.harness import aside
from convergent.harness.compare import Question
from convergent.harness.judge import judge
from convergent.harness.outcome import Judgement
from convergent.harness.referee import Referee, asks
from convergent.harness.worker.client import Answer

PAGE = Path(__file__).parents[2] / "docs" / "proof" / "alarms.md"
_EVERY = 2.0  # seconds between two lines of progress
_SORTED = 8  # one case in so many is summed in orders that know the values
_OTHER = np.zeros((2, 0))


class Count:
    """The tallies of a whole run, and the alarms themselves."""

    def __init__(self) -> None:
        self.real, self.other, self.sorted = (Tally() for _ in range(3))
        self.alarms: list[str] = []
        self.cases = 0
        self.verdicts: Counter[tuple[str, str]] = Counter()
        self.downgrades: Counter[tuple[str, str, float | str]] = Counter()
        """By format, length of sums, and lambda: those that would have been seen, or ``all``."""
        self.seconds = 0.0


def main(argv: list[str] | None = None) -> int:
    """Judge until there are enough checks; print, and write the page if asked to."""
    asked = _arguments(argv)
    if asked.checks < 1:
        sys.stderr.write(f"--checks {asked.checks} must be 1 or more\n")
        return 4
    count = Count()
    began = last = time.monotonic()
    try:
        for case in draw.cases(asked.seed):
            _judge_case(case, count)
            count.seconds = time.monotonic() - began
            if time.monotonic() - last > _EVERY:
                last = time.monotonic()
                sys.stderr.write(f"\r{count.real.judged:,} checks, {len(count.alarms)} alarms ")
            if count.real.judged >= asked.checks:
                break
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: what follows holds the checks so far\n")
        asked.write = False  # a page tells of a whole run
    sys.stderr.write("\n")
    said = f" --seed {asked.seed}" if asked.seed else ""
    text = page.render(count, f"python benchmarks/alarms --checks {asked.checks}{said} --write")
    print(text)
    if asked.json:
        aside.write(asked.json, json.dumps(page.plain(count), indent=1).encode() + b"\n")
    if asked.write:
        aside.write(PAGE, text.encode())
    return 1 if count.alarms else 0


def answered(array: Array, dtype: str) -> Answer:
    """Return what a worker would have said of ``array``."""
    return Answer({"is": "result", "dtype": dtype, "seconds": [0.0]}, [array])


def _judge_case(case: Case, count: Count) -> None:
    """Judge every implementation of every op on ``case``."""
    referee = Referee()
    count.cases += 1
    for op in READS:
        if not asks(case, op):
            continue
        work = Work(case, op, referee.operands(case))
        with np.errstate(all="ignore"):
            for name, compute in implementations(work):
                _count(count, referee, work, name, compute())
            for name, compute in fast_ones(work):
                _count_aside(count, referee, work, name, compute())
            if not count.cases % _SORTED and case.data in draw.REAL:
                for name, compute in sorted_ones(work):
                    _count_sorted(count, referee, work, name, compute())
            if case.data in draw.REAL and not referee.question(case, op).vacuous:
                _count_downgrades(count, referee, work)


def _count(count: Count, referee: Referee, work: Work, name: str, array: Array) -> None:
    case, op = work.case, work.op
    found = judge(referee, case, f"{op}/{name}", answered(array, case.dtype))
    question = referee.question(case, op)
    if case.data in draw.REAL:
        needs = needs_of(question, array)
        classes = _classes(case.dtype, op, name, case.data, _length(question))
        alarm = count.real.add(found, classes, needs)
    else:
        alarm = count.other.add(found, [("data", case.data), ("all",)], _OTHER)
    if alarm:
        count.alarms.append(_line(found, work, name))
        sys.stderr.write(f"\nALARM {count.alarms[-1]}\n")


def _classes(dtype: str, op: str, name: str, data: str, length: str) -> Iterator[tuple[str, ...]]:
    yield ("all",)
    yield ("dtype", dtype)
    yield ("dtype and op", dtype, op)
    yield ("order", dtype, name)
    yield ("order and op", dtype, name, op)
    yield ("data", dtype, data)
    yield ("length", dtype, length)


def _length(question: Question) -> str:
    return size_class(int(question.expected.terms.max(initial=0)))


def _count_aside(count: Count, referee: Referee, work: Work, name: str, array: Array) -> None:
    """Count the verdicts of a fast algorithm, and why it ``differs`` if it does."""
    case = work.case
    found = judge(referee, case, f"{work.op}/{name}", answered(array, case.dtype))
    said = f"degraded: {found.model}" if found.verdict == "degraded" else str(found.verdict)
    if found.verdict == "differs":
        question = referee.question(case, work.op)
        spared = np.where(question.expected.terms > 0, array, question.stored)
        again = question.judge(spared, case.dtype).verdict
        said += f" where nothing is summed, elsewhere {again}" if again != "differs" else ""
        if again == "differs":
            sys.stderr.write(f"\n{_line(found, work, name)}\n")
    count.verdicts[name, said] += 1


def _count_sorted(count: Count, referee: Referee, work: Work, name: str, array: Array) -> None:
    case = work.case
    found = judge(referee, case, f"{work.op}/{name}", answered(array, case.dtype))
    needs = needs_of(referee.question(case, work.op), array)
    count.sorted.add(found, [("order", case.dtype, name)], needs)


def _count_downgrades(count: Count, referee: Referee, work: Work) -> None:
    """Count the silent downgrades that each ``lambda`` would see."""
    for name, array in downgraded(work):
        question = referee.question(work.case, work.op)
        length = _length(question)
        count.downgrades[name, length, "all"] += 1
        for lam, c0 in would_alarm(needs_of(question, array)):
            if c0 == CONSTANTS[-1]:
                count.downgrades[name, length, lam] += 1


def _line(found: Judgement, work: Work, name: str) -> str:
    said = found.detail or found.model or found.where
    return f"{work.op}/{name} {work.case}: {found.verdict}, ratio {found.ratio}, {said}"


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/alarms",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--checks", type=int, default=100_000, help="of real data, at least")
    parser.add_argument("--seed", type=int, default=0, help="of the sample of cases")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} of docs/proof")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure, as JSON")
    return parser.parse_args(argv)
