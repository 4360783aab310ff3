"""``convergent report``: an existing run in other formats."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convergent.harness.cli import choose, narrow
from convergent.harness.cli.formats import NAMES, of_file, see_writable
from convergent.harness.outcome import VERDICTS

if TYPE_CHECKING:
    from convergent.harness.record import Run
    from convergent.reports.formats import Page


@click.command(
    "report",
    epilog="\b\nExamples:\n"
    "  convergent report convergent-report\n"
    "  convergent report shard-1 shard-2 --format junit -o junit.xml\n"
    "  convergent report convergent-report --format markdown -o comment.md\n"
    "  convergent report convergent-report --format jsonl --verdict differs -k torch\n"
    "  convergent report convergent-report --format badge -o badge.json",
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=choose.FILE)
@click.option("--format", "format_", type=click.Choice(NAMES),
              help="[default: what --output ends with, such as .html; else text]")  # fmt: skip
@click.option("-o", "--output", type=choose.FILE,
              help="Write to this file.  [default: standard output]")  # fmt: skip
@click.option("--verdict", "verdicts", multiple=True, type=click.Choice(VERDICTS),
              help="Of jsonl: outcomes of this verdict; repeat.")  # fmt: skip
@click.option("--findings", is_flag=True, help="Of jsonl: findings alone.")
@narrow.checks
def command(runs: tuple[Path, ...], format_: str | None, output: Path | None, **given: Any) -> None:
    """Show a run, or the shards of one together, in another format.

    RUN is a run file or the folder of one. --op, --method, --dtype and -k choose outcomes of
    jsonl too. The exit code is that of writing, not of the run.
    """
    from convergent.reports import formats

    format_ = format_ or of_file(output)
    if format_ != "jsonl" and any(given.values()):
        raise click.UsageError("which outcomes is a question of --format jsonl")
    if output:
        see_writable(output)
    with _page(runs) as page:
        if format_ == "text" and not output:
            from convergent.reports import terminal

            terminal.print_summary(page.run, terminal.console(), report=page.report)
            return
        parts = _chosen(page, given) if format_ == "jsonl" else formats.render(page, format_)
        _write(parts, output)
        if format_ == "github":
            from convergent.reports.formats import github

            github.tell(page)


def _write(parts: Iterable[bytes], output: Path | None) -> None:
    if output:
        from convergent.harness import aside

        aside.write_all(output, parts)
        return
    sys.stdout.buffer.writelines(parts)
    sys.stdout.flush()


def _chosen(page: Page, given: dict[str, Any]) -> Iterator[bytes]:
    from convergent.harness.outcome import Outcome
    from convergent.reports.formats import jsonl

    narrowed, verdicts = narrow.wanted(given), given["verdicts"]

    def wanted(o: Outcome) -> bool:
        return (
            (not verdicts or o.verdict in verdicts)
            and (not given["findings"] or o.is_finding)
            and (narrowed is None or narrowed(o))
        )

    return (part.encode() for part in jsonl.render(page, wanted))


@contextlib.contextmanager
def _page(paths: Sequence[Path]) -> Iterator[Page]:
    """Give the run of ``paths``; of several, merged for the time being."""
    from convergent.harness import merge, record
    from convergent.reports.formats import Page

    files = merge.found(paths)
    if len(files) == 1:
        yield Page(record.read(files[0]), _report(files[0]))
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Page(_named(merge.merge(files, Path(folder)).result.run, files))


def _named(run: Run, files: Sequence[Path]) -> Run:
    import msgspec

    return msgspec.structs.replace(run, path=", ".join(map(str, files)))


def _report(file: Path) -> Path | None:
    report = file.with_name("report.html")
    return report if report.exists() else None
