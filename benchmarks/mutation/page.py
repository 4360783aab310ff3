"""The page of the mutation score: totals, a table of every fault, what is missed and why."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from convergent.harness import environment
from mutation.faults import CLASSES, Fault
from mutation.score import CORRECT, ENOUGH, QUESTIONS, SUITES, Tally

Tallies = dict[str, Tally]
LIKENESSES = ("right", "same", "untold", "wrong")


def render(chosen: dict[str, Fault], measured: dict[str, Tallies], *, command: str) -> str:
    """Return the page as Markdown."""
    parts = [
        _head(chosen, measured, command),
        _classes(chosen, measured),
        _suites(chosen, measured),
        _questions(chosen, measured),
        _diagnoses(chosen, measured),
        _missed(chosen, measured),
        _alone(chosen, measured),
        _each(chosen, measured),
    ]
    return "\n".join(parts)


def plain(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> dict[str, Any]:
    """Return the results as JSON can hold them."""
    found = {}
    for name, tallies in measured.items():
        fault = chosen.get(name)
        about = {} if fault is None else {
            "class": fault.kind, "sentence": fault.sentence, "ops": fault.ops,
            "equivalent": fault.equivalent, "unseen": fault.unseen,
        }  # fmt: skip
        suites = {suite: dataclasses.asdict(tally) for suite, tally in tallies.items()}
        found[name] = {**about, "caught": caught(tallies), "suites": suites}
    return {"environment": environment.describe(), "faults": found}


def caught(tallies: Tallies) -> bool:
    """Say whether any suite found anything."""
    return any(tally.failed for tally in tallies.values())


def _head(chosen: dict[str, Fault], measured: dict[str, Tallies], command: str) -> str:
    here = environment.describe()
    real = [name for name in chosen if not chosen[name].equivalent]
    found = sum(caught(measured[name]) for name in real)
    checks = sum(t.asked for tallies in measured.values() for t in tallies.values())
    seconds = sum(t.seconds for tallies in measured.values() for t in tallies.values())
    false = sum(t.failed for t in measured[CORRECT].values())
    right = sum(t.asked for t in measured[CORRECT].values())
    return f"""# How many faults does it miss?

{len(chosen)} faults were planted, one at a time, into a correct convolution (NumPy, one matrix
product per tap, in the format's own arithmetic), and each mutant was run through the whole harness:
worker processes, referee, relations, contracts. **{found} of {len(real)} are caught.**
{len(chosen) - len(real)} more are listed that nobody could tell from another order of sums.
The backend without a fault: **{false} findings in {right:,} checks**.

Made by `{command}`
on {dt.datetime.now(dt.UTC):%Y-%m-%d}: {here["cpu"]}, {here["cores"]} cores,
Python {here["python"]}, NumPy {here["numpy"]}, convergent {environment.version()};
{checks:,} checks in {seconds / 60:.0f} minutes of one process (`-j 2` halves them) beside other
work. The faults are `benchmarks/mutation/*.py`; those of arithmetic are pure functions, which other
rules judge too.

A fault is *caught* by a suite if any check is a finding; a suite ends with the {ENOUGH}th or soon
after. Only the ops that a fault may spoil are asked. Calls that must be refused (`contracts`) are
asked of the faults of refusal, and nothing else is. `relations` are those of the cases of `smoke`,
judged without the oracle.
"""


def _classes(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    rows = []
    for kind in (*CLASSES, ""):
        names = [n for n, f in chosen.items() if f.kind == kind or not kind]
        if not names:
            continue
        real = [n for n in names if not chosen[n].equivalent]
        found = sum(caught(measured[n]) for n in real)
        by = [sum(bool(measured[n][s].failed) for n in real if s in measured[n]) for s in SUITES]
        cells = [
            kind or "**all**",
            len(real),
            found,
            len(real) - found,
            len(names) - len(real),
            *by,
        ]
        rows.append(cells)
    head = [
        "class",
        "faults",
        "caught",
        "missed",
        "nobody could tell",
        *(f"by {s}" for s in SUITES),
    ]
    return "## By class\n\n" + _table(head, rows, left=1)


def _suites(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    rows = []
    for suite in SUITES:
        asked = [n for n, f in chosen.items() if _asked(measured[n], suite) and not f.equivalent]
        found = [n for n in asked if measured[n][suite].failed]
        alone = [n for n in found if sum(bool(t.failed) for t in measured[n].values()) == 1]
        none = measured[CORRECT].get(suite)
        share = f"{100 * len(found) / len(asked):.0f} %" if asked else ""
        rows.append([suite, none.asked if none else 0, none.failed if none else 0, len(asked),
                     len(found), share, len(alone)])  # fmt: skip
    head = ["suite", "checks of the correct backend", "of them findings", "faults asked", "caught",
            "share", "by it alone"]  # fmt: skip
    return "## By suite\n\n" + _table(head, rows, left=1)


def _questions(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    by = {name: _by(measured[name]) for name in chosen}
    first = Counter(_first(measured[name])[0] for name in chosen)
    rows = []
    for question in QUESTIONS:
        any_ = sum(question in found for found in by.values())
        alone = sum(list(found) == [question] for found in by.values())
        if any_:
            rows.append([question, any_, first[question], alone])
    head = ["question", "faults caught", "first", "by it alone"]
    told = """
*exact*: equality on integers. *bound*: `error / bound` on real numbers. *special*: equality on NaN,
infinities, subnormal numbers, signed zeros. *input*: operands are as they were. *repeat*: the same
bits the second time; *kept*: the first ones are still there. *contract*: an illegal call is
refused. *raised*, *crashed*, *timed out*: no result. *First* is in the order of the suites above
and of their cases.
"""
    return "## By question\n\n" + _table(head, rows, left=1) + told


def _diagnoses(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    sums = Counter[str]()
    rows = []
    for name in chosen:
        for tally in measured[name].values():
            sums.update({word: getattr(tally, word) for word in LIKENESSES})
        cells = [_named(measured[name], "said"), _named(measured[name], "others")]
        if any(cells):
            rows.append([f"`{name}`", *cells])
    every = max(sum(sums.values()), 1)
    right, same, untold, wrong = (
        f"{sums[word]:,} ({100 * sums[word] / every:.1f} %)" for word in LIKENESSES
    )
    text = f"""## Is the diagnosis right?

Of {every:,} wrong results that were given a diagnosis or a model

- {right} are called what was planted;
- {same} are called by another cause that gives the very same numbers in that case: padding on the
  wrong side *is* a move by one place where there is one place of it;
- {untold} are `unexplained`, `too little to tell` or too large;
- {wrong} are wrong: a model of precision is wide enough for the error, and is not what was planted.

"""
    head = ["fault", "wrong (times)", "another name for the same numbers (times)"]
    return text + _table(head, rows, left=3)


def _named(tallies: Tallies, field: str) -> str:
    names = sum((Counter(getattr(t, field)) for t in tallies.values()), Counter[str]())
    return "; ".join(f"{text} ({times})" for text, times in names.most_common(4))


def _missed(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    missed = [f for n, f in chosen.items() if not caught(measured[n])]
    gaps = [f for f in missed if not f.equivalent]
    same = [f for f in chosen.values() if f.equivalent]
    lines = ["## What is missed\n"]
    lines += [f"- `{f.name}` ({f.kind}): {f.sentence}. {_why(f)}" for f in gaps] or ["Nothing."]
    lines += ["", "Nobody could tell:\n"] if same else []
    for fault in same:
        found = " (and yet it is caught)" if caught(measured[fault.name]) else ""
        lines.append(f"- `{fault.name}`{found}: {fault.sentence}. *{fault.equivalent}.*")
    return "\n".join(lines) + "\n"


def _alone(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    """Name the faults that one suite alone shows: what a run without it would miss."""
    lines = ["## What one suite alone catches\n"]
    for suite in SUITES:
        names = []
        for name, fault in chosen.items():
            found = [s for s, tally in measured[name].items() if tally.failed]
            if found == [suite]:
                names.append(f"`{name}`" + (f" ({fault.unseen})" if fault.unseen else ""))
        if names:
            lines.append(f"- {suite}: {', '.join(names)}")
    return "\n".join(lines) + "\n"


def _why(fault: Fault) -> str:
    return f"*{fault.unseen}.*" if fault.unseen else "*No reason is known: a gap.*"


def _each(chosen: dict[str, Fault], measured: dict[str, Tallies]) -> str:
    lines = [
        """## Every fault

Figures are failing checks / asked checks. *Called* is the commonest diagnosis (or model); of all of
them *right* / *same numbers* / *untold* / *wrong* are counted.
"""
    ]
    head = [
        "fault",
        "what is wrong",
        "caught",
        "first by",
        "and by",
        "called",
        *SUITES,
        "diagnosis",
    ]
    for kind in CLASSES:
        rows = [_row(f, measured[n]) for n, f in chosen.items() if f.kind == kind]
        if rows:
            lines.append(f"### {kind[:1].upper()}{kind[1:]}\n\n{_table(head, rows, left=6)}")
    none = [[f"`{CORRECT}`", "nothing", *_cells(measured[CORRECT], nobody=True)]]
    lines.append("### The correct backend\n\n" + _table(head, none, left=6))
    return "\n".join(lines)


def _row(fault: Fault, tallies: Tallies) -> list[Any]:
    ops = ", ".join(fault.ops)
    return [
        f"`{fault.name}`",
        f"{fault.sentence} ({ops})",
        *_cells(tallies, nobody=bool(fault.equivalent)),
    ]


def _cells(tallies: Tallies, *, nobody: bool) -> list[Any]:
    by, (first, suite) = _by(tallies), _first(tallies)
    told = [sum(getattr(t, word) for t in tallies.values()) for word in LIKENESSES]
    shown = [
        f"{tallies[s].failed}/{tallies[s].asked}" if _asked(tallies, s) else "·" for s in SUITES
    ]
    named = sum((Counter(t.named) for t in tallies.values()), Counter[str]()).most_common(1)
    called = named[0][0] if named else ""
    others = ", ".join(q for q in by if q != first)
    where = f"{first} ({suite})" if first else ""
    return [
        "yes" if first else "no" if nobody else "**MISSED**", where, others, called, *shown,
        " / ".join(map(str, told)) if any(told) else "·",
    ]  # fmt: skip


def _asked(tallies: Tallies, suite: str) -> int:
    """Return how many checks a suite asked: a bias has no relations."""
    return tallies[suite].asked if suite in tallies else 0


def _by(tallies: Tallies) -> dict[str, int]:
    """Return how many findings each question has, the most first."""
    total = sum((Counter(t.questions) for t in tallies.values()), Counter[str]())
    return dict(total.most_common())


def _first(tallies: Tallies) -> tuple[str, str]:
    """Return the question of the first finding, and its suite."""
    found = ((tallies[s].first[0], s) for s in SUITES if s in tallies and tallies[s].failed)
    return next(found, ("", ""))


def _table(head: list[str], rows: list[list[Any]], left: int) -> str:
    """Return a table whose first ``left`` columns are text."""
    marks = ["---" if at < left else "---:" for at in range(len(head))]
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in _texts([head, marks, *rows]))


def _texts(rows: list[list[Any]]) -> Iterator[list[str]]:
    for row in rows:
        yield [f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "&#124;")
               for cell in row]  # fmt: skip
