"""``convergent merge``: shards and other parts of one run as one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convergent.harness.cli import formats

if TYPE_CHECKING:
    from convergent.harness.cli.formats import Wanted
    from convergent.harness.merge import Merged
    from convergent.harness.salvage import Damage

MOST_DAMAGED = 20


@click.command(
    "merge",
    epilog="\b\nExamples:\n"
    "  convergent merge shard-1 shard-2 shard-3 shard-4 -o whole\n"
    "  convergent merge artifacts -o whole      every folder in it that holds a run.jsonl\n"
    "  convergent merge artifacts -o whole --format github --format sarif\n"
    "  convergent run ... -o whole --resume     what is missing in the whole",
)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "-o", "--output", "folder", required=True, type=click.Path(path_type=Path),
    help="Folder of the merged run.jsonl and report.html.",
)  # fmt: skip
@formats.OPTION
@click.pass_context
def command(
    ctx: click.Context, runs: tuple[Path, ...], folder: Path, wanted: tuple[Wanted, ...]
) -> None:
    """Merge run files of shards, or of several variants, into one."""
    from convergent.harness import merge
    from convergent.reports import html, terminal
    from convergent.reports.formats import Page

    damaged: list[Damage] = []
    try:
        merged = merge.merge(runs, folder, sys.argv[1:], damaged.append)
    finally:
        _say_damaged(damaged)
    console, report = terminal.console(), folder / "report.html"
    html.write(merged.result.run, report)
    page = Page(merged.result.run, report)
    written = formats.write(page, wanted, folder)
    with formats.unheard(wanted):
        terminal.print_summary(merged.result.run, console, report=report)
        for line in written:
            click.echo(line)
        _say_rest(merged, folder)
    formats.show(page, wanted)
    ctx.exit(merged.result.exit_code)


def _say_damaged(damaged: Sequence[Damage]) -> None:
    from convergent.reports.terminal import plain

    for damage in damaged[:MOST_DAMAGED]:
        click.echo(plain(str(damage)), err=True)
    if len(damaged) > MOST_DAMAGED:
        rest = len(damaged) - MOST_DAMAGED
        click.echo(f"... and {rest:,} more lines that cannot be used", err=True)


def _say_rest(merged: Merged, folder: Path) -> None:
    from convergent.reports.terminal import plain

    if merged.apart:
        names = ", ".join(map(plain, merged.differing))
        more = ", ..." if merged.apart > len(merged.differing) else ""
        checks = "check" if merged.apart == 1 else "checks"
        click.echo(f"{merged.apart:,} {checks} came out differently, the worse kept: {names}{more}")
    for line in merged.missing:
        click.echo(plain(line))
    if merged.missing:
        click.echo(f"run what is missing with: convergent run ... -o {folder} --resume")
