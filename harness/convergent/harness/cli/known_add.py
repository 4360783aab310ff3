"""``convergent known add``: from a check that diverges, or a run's findings, to entries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convergent.cases.case import Case
from convergent.cases.errors import (
    BackendUnavailable,
    InvalidCase,
    InvalidLedger,
    UnknownBackend,
    UnknownMethod,
)
from convergent.cases.features import FEATURES, features
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness.cli import UNAVAILABLE, USAGE, choose, shrink

if TYPE_CHECKING:
    from convergent.harness.known.draft import Wanted
    from convergent.harness.outcome import Outcome


@click.command(
    "add",
    epilog="\b\nExamples:\n"
    "  convergent known add torch conv/native conv2d:n2_i4x3_k3_s1x2 \\\n"
    "      --reason 'rows are left unwritten' --issue https://github.com/...\n"
    "  convergent known add --from convergent-report/run.jsonl \\\n"
    "      --reason 'looked at on Monday' --issue 'not reported before'",
)
@click.argument("words", nargs=-1, metavar="VARIANT OP/METHOD CASE | CHECK")
@click.option(
    "--from", "run", type=choose.FILE,
    help="A run file or its folder: the smallest case of each group of its findings.",
)  # fmt: skip
@click.option("--reason", required=True, help="One line that a person understands.")
@click.option("--issue", required=True, help="Where it is discussed, or 'not reported before'.")
@click.option("--versions", help="Of the framework.  [default: ==X.Y.*, as it is installed]")
@click.option(
    "--kind", type=click.Choice(("notyet", "notimpl", "never")), default="notyet",
    help="Theirs and not fixed yet, ours, or right by definition.  [default: notyet]",
)  # fmt: skip
@click.option("--when", multiple=True, help="A feature that all its cases have; repeat.")
@click.option("--unless", multiple=True, help="A feature that none of them has; repeat.")
@click.option("--cases", help="A pattern of cases.  [default: the case; with --when, --unless: *]")
@click.option("--checks", multiple=True, help="A pattern of op/method; repeat.  [default: its own]")
@click.option("--not-strict", is_flag=True, help="It depends on the processor; say which.")
@click.option(
    "--file", "path", default="known.toml", type=choose.FILE,
    help="The ledger, made if there is none.  [default: known.toml]",
)  # fmt: skip
@click.option(
    "--timeout", default=120.0, type=choose.SECONDS, help="Seconds a check.  [default: 120]"
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Add a divergence to a ledger: it is run, and must diverge.

    Without --when, --unless, --cases and --checks the entry excuses this check alone.
    """
    if bool(given["words"]) == bool(given["run"]):
        raise click.UsageError("give either a check (VARIANT OP/METHOD CASE) or --from RUN")
    adder = _Adder(given["path"], _wanted(given), given["timeout"])
    if given["run"]:
        ctx.exit(_add_run(adder, given["run"]))
    variant, key, case = shrink.read_check(given["words"])
    for told in adder(variant, [_Check(key=key, case=case, words=features(case))]):
        if isinstance(told, InvalidLedger):
            raise told


def _wanted(given: dict[str, Any]) -> Wanted:
    from convergent.harness.known.draft import Wanted

    return Wanted(
        reason=given["reason"],
        issue=given["issue"],
        kind=given["kind"],
        versions=given["versions"],
        checks=given["checks"],
        when=given["when"],
        unless=given["unless"],
        cases=given["cases"] or "",
        strict=not given["not_strict"],
    )


@record
class _Check:
    """What is to be added; ``words`` are the features of all cases that it stands for."""

    key: str
    case: Case
    words: frozenset[str]


class _Adder:
    """Runs checks and adds their entries to a ledger, which is valid or does not exist."""

    def __init__(self, path: Path, wanted: Wanted, timeout: float) -> None:
        from convergent.harness.known.file import File

        if path.exists():
            File(path)
        self.path, self._wanted, self._timeout = path, wanted, timeout

    def __call__(self, variant: str, checks: list[_Check]) -> Iterator[InvalidLedger | None]:
        """Yield for each check of a variant why no entry was added, or None."""
        from convergent.harness.ask import Asker
        from convergent.harness.ledger import Ledger

        choose.variants((variant,))
        with Asker(self._timeout, Ledger([])) as ask:
            for check in checks:
                outcome = ask(variant, check.key, check.case)
                loaded = ask.loaded.get(variant)
                version = str(loaded.loaded.get("version", "")) if loaded else ""
                try:
                    self._add(outcome, version, check.words)
                except InvalidLedger as error:
                    yield error
                else:
                    yield None

    def _add(self, outcome: Outcome, version: str, words: frozenset[str]) -> None:
        from convergent.harness.known import draft, edit

        entry = draft.draft(outcome, version, self._wanted)
        edit.add(self.path, entry, outcome, version)
        click.echo(f"{outcome.sentence}\n\n{draft.text(entry)}\nadded to {self.path}")
        if not (self._wanted.when or self._wanted.cases):
            listed = " ".join(word for word in FEATURES if word in words)
            click.echo(f"it excuses one case; --when widens it to what has: {listed}")


def _add_run(adder: _Adder, run: Path) -> int:
    """Add one of each group of a run's findings; what cannot be added is told and left out."""
    from convergent.harness.run import RUN_FILE

    run = run / RUN_FILE if run.is_dir() else run
    checks = sorted(_of_groups(run), key=lambda pair: pair[0])
    if not checks:
        click.echo(f"nothing to add: {run} has no finding")
        return 0
    added = failed = 0
    for variant, group in itertools.groupby(checks, key=lambda pair: pair[0]):
        try:
            for told in adder(variant, [check for _, check in group]):
                if told:
                    click.echo(f"left out: {told}", err=True)
                added += not told
        except (BackendUnavailable, UnknownBackend, UnknownMethod) as error:
            click.echo(f"left out: {error}", err=True)
            failed += 1
    click.echo(f"{added} of {len(checks)} added to {adder.path}")
    if failed:
        return UNAVAILABLE
    return 0 if added else USAGE


def _of_groups(run: Path) -> Iterator[tuple[str, _Check]]:
    """Yield variant and check of each group's smallest case, and what all its cases have."""
    from convergent.harness import baseline
    from convergent.harness.record import read
    from convergent.reports import groups

    outcomes = map(baseline.bare, read(run).outcomes)
    for group in groups.group(o for o in outcomes if o.is_finding):
        try:
            cases = [parse(outcome.case) for outcome in group.outcomes]
        except InvalidCase as error:  # a run file may come from anywhere
            click.echo(f"left out: {error}", err=True)
            continue
        common = frozenset.intersection(*map(features, cases))
        yield group.variant, _Check(key=group.key, case=cases[0], words=common)
