"""Which cases a run is of: options that add to each other, and what they come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from convergent.cases import goldens, suites
from convergent.cases.case import Case
from convergent.harness.cli import choose

MOST_DRAWN = 100_000
SWEEPS = {2: "ci", 3: "triples"}
"""The suite that holds the covering array of each strength."""


class Chosen(NamedTuple):
    """The cases of a run, what they are called together, and the seed added to each case's."""

    cases: list[Case]
    name: str
    seed: int


_OPTIONS = (
    click.option(
        "--suite",
        "suite_names",
        multiple=True,
        shell_complete=choose.complete(suites.names),
        help="Cases to run: " + ", ".join(suites.names()) + "; repeat.  [default: ci]",
    ),
    click.option(
        "--case", "cases", multiple=True, type=choose.CASE, help="A case by name; repeat."
    ),
    click.option("--cases", "files", multiple=True, type=choose.FILE, help=choose.FILE_HELP),
    click.option(
        "--strength",
        type=click.IntRange(min(SWEEPS), max(SWEEPS)),
        help="All pairs (2) or triples (3) of what cases differ by.",
    ),
    click.option(
        "--sample",
        type=click.IntRange(1, MOST_DRAWN),
        help="So many random cases; other ones every day, unless --seed is given.",
    ),
    click.option(
        "--scale",
        default=1,
        type=click.IntRange(1),
        help="Divide batch and channels of every case.  [default: 1]",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        help="Added to every case's seed; the day with --sample.  [default: 0]",
    ),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose cases to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(given: dict[str, Any], today: Callable[[], dt.date] | None = None) -> Chosen:
    """Return what the options of ``options`` choose; without any, the suite ``ci``.

    Raises ``InvalidCase`` for a bad golden and ``UnknownSuite``.
    """
    seed = given["seed"]
    if seed is None:
        seed = _seed(given, today or _today) if given["sample"] else 0
    names, cases = [], []
    for name, found in _sources(given, seed):
        names.append(name)
        cases += found
    if given["cases"]:
        cases += _checked(given["cases"])
        names = names or ["given"]
    if not names:
        names, cases = ["ci"], suites.load("ci")
    if given["scale"] > 1:
        from convergent.cases.scale import scale

        cases = [scale(case, given["scale"]) for case in cases]
        names.append(f"scale {given['scale']}")
    return Chosen(list(dict.fromkeys(cases)), "+".join(dict.fromkeys(names)), seed)


def _seed(given: dict[str, Any], today: Callable[[], dt.date]) -> int:
    """Return the day as a number, or the seed of the run to be resumed: that may be older."""
    from convergent.harness import record, run

    path = given["folder"] / run.RUN_FILE
    if given["resume"] and path.exists() and not record.is_cut_in_header(path):
        return record.read(path).header.seed
    return int(f"{today():%Y%m%d}")


def _sources(given: dict[str, Any], seed: int) -> list[tuple[str, list[Case]]]:
    """Return the named lists of cases that were asked for; cases by name come after them."""
    found = [(name, suites.load(name)) for name in given["suite_names"]]
    if given["strength"]:
        name = SWEEPS[given["strength"]]
        found.append((name, suites.load(name)))
    if given["sample"]:
        from convergent.cases import sample

        found.append((f"sample {given['sample']}", sample.draw(given["sample"], seed)))
    if given["files"]:
        found.append(("given", list(_checked(choose.read(given["files"])))))
    return found


def _checked(cases: Sequence[Case]) -> Sequence[Case]:
    for case in cases:
        if case.data.startswith("golden"):
            goldens.operands(case)
    return cases


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
