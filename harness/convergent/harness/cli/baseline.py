"""``convergent baseline``: the findings to start with, so that new ones alone fail."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convergent.harness.cli import choose

if TYPE_CHECKING:
    from convergent.harness.baseline import Comparison, Finding
    from convergent.harness.outcome import Outcome
    from convergent.harness.record import Run

AMISS = 1
DEFAULT = "baseline.jsonl"
MOST = 20
_RUN = click.argument("run", metavar="RUN", type=choose.FILE)


@click.group("baseline")
def command() -> None:
    """Save a run's findings, to fail on new ones alone.

    RUN is a run file, or the folder of one. `convergent run --baseline FILE` checks and compares
    at once.
    """


@command.command("save", epilog="\b\nExample:\n  convergent baseline save convergent-report")
@_RUN
@click.option(
    "-o", "--output", default=DEFAULT, type=choose.FILE,
    help=f"Where it goes; for version control.  [default: {DEFAULT}]",
)  # fmt: skip
def save(run: Path, output: Path) -> None:
    """Write the findings of a run, without those that the ledger explains."""
    from convergent.harness import baseline

    read = _read(run)
    found = baseline.of_run(read)
    baseline.write(found, output)
    count = len(found.findings)
    click.echo(f"{count} {'finding' if count == 1 else 'findings'} written to {output}")


@command.command(
    "check", epilog="\b\nExample:\n  convergent baseline check convergent-report baseline.jsonl"
)
@_RUN
@click.argument("path", metavar="[BASELINE]", default=DEFAULT, type=choose.FILE)
@click.option("--strict", is_flag=True, help="Exit 1 for what is fixed too: it must be taken out.")
@click.option(
    "--update", is_flag=True, help="Take out what is fixed; what is new does not come in."
)
@click.pass_context
def check(ctx: click.Context, run: Path, path: Path, strict: bool, update: bool) -> None:
    """Compare a run with a baseline: exit 1 if it has findings that the baseline has not."""
    from convergent.harness import baseline

    before = baseline.read(path)
    found = baseline.compare(before, _read(run).outcomes)
    _print_new(found.new)
    _print_list("before", found.changed)
    _print_list("fixed", found.fixed)
    _print_list("milder", map(baseline.finding, found.milder))
    click.echo(summary(found))
    lowered = bool(found.fixed or found.milder)
    if update and lowered:
        baseline.write(baseline.lowered(before, found), path)
        click.echo(f"{path} was updated")
    elif lowered:
        click.echo("take out what is fixed with --update")
    if found.new:
        click.echo(f"if they are to stay: convergent baseline save {run} -o {path}")
    ctx.exit(AMISS if found.new or (strict and found.fixed and not update) else 0)


def summary(found: Comparison) -> str:
    """Return one line: how many findings are new, as before, fixed, and were not looked at."""
    counts = {
        "new": found.new,
        "in the baseline": found.same,
        "fixed": found.fixed,
        "of checks that were not run": found.unseen,
    }
    return ", ".join(f"{len(those)} {word}" for word, those in counts.items())


def _read(run: Path) -> Run:
    """Read a run, and say on standard error if it is not whole."""
    from convergent.harness import record
    from convergent.harness.run import RUN_FILE

    path = run / RUN_FILE if run.is_dir() else run
    read = record.read(path)
    done, planned = len(read.outcomes), read.header.checks
    if done < planned:
        click.echo(f"note: {path} holds {done} of {planned} checks", err=True)
    if read.damaged:
        click.echo(f"note: {read.damaged} lines of {path} could not be read", err=True)
    return read


def _print_new(new: Iterable[Outcome]) -> None:
    from convergent.reports import groups
    from convergent.reports.terminal import plain

    for group in groups.group(new):
        others = len(group.outcomes) - 1
        more = f"  and {others} more {'case' if others == 1 else 'cases'}" if others else ""
        click.echo(f"new: {plain(group.first.sentence)}{more}\n    {plain(group.first.repro)}")


def _print_list(word: str, findings: Iterable[Finding]) -> None:
    those = list(findings)
    for found in those[:MOST]:
        click.echo(f"{word}: {found.sentence}")
    if len(those) > MOST:
        click.echo(f"{word}: and {len(those) - MOST} more")
