"""``convergent history``: many runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from convergent.harness.cli import choose
from convergent.harness.cli.formats import see_writable


@click.command(
    "history",
    epilog="\b\nExamples:\n"
    "  convergent history nightly/*/run.jsonl\n"
    "  convergent history runs -o history.html",
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=choose.FILE)
@click.option("-o", "--output", type=choose.FILE, help="Write a page to this file.")
@click.option("--most", default=10, show_default=True, type=click.IntRange(1),
              help="Changes of each kind in the text.")  # fmt: skip
def command(runs: tuple[Path, ...], output: Path | None, most: int) -> None:
    """Show how verdicts and error ratios went over many runs.

    RUN is a run file, the folder of one, or a folder of such folders. Versions of a framework are
    the points of one line, the oldest first; runs of the same version follow each other by date.
    """
    from convergent.harness import aside, merge, record
    from convergent.reports.history import html, points, text
    from convergent.reports.terminal import plain

    if output:
        see_writable(output)
    lacks: dict[str, str] = {}

    def read(file: Path) -> record.Run:
        run = record.read(file)
        lacks[str(file)] = points.remark(run)
        return run

    tracks = points.tracks(map(read, merge.found(runs)))
    if output:
        aside.write(output, html.document(tracks, lacks).encode("utf-8", "replace"))
    for line in text.lines(tracks, lacks, most):
        click.echo(plain(line))
    if output:
        click.echo(f"page: {output}")
