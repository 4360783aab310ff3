"""``convergent fuzz``: random cases for a while, what is wrong once and small."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click

from convergent.cases import suites
from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase, NothingLeft
from convergent.harness.cli import choose, narrow

REPORT = "report.html"
NOTHING = 5


@click.command(
    "fuzz",
    epilog="\b\nExamples:\n"
    "  convergent fuzz --budget 10m\n"
    "  convergent fuzz --backend torch --backend torch:no_onednn --budget 1h -o night\n"
    "  convergent fuzz --all-variants --op backprop_filter --dtype bfloat16\n"
    "  convergent fuzz --corpus special --corpus night/corpus.txt --seed 7\n"
    "  convergent fuzz --budget 10m -o night --resume",
)
@click.option(
    "--budget", default="10m", type=choose.DURATION, help="How long: 90s, 10m, 2h.  [default: 10m]"
)
@narrow.options
@click.option("--relations", is_flag=True, help="Ask relations between results too.")
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    help="Cases to start from: a suite, or a file as --cases of run takes; repeat.",
)
@click.option("--seed", default=0, type=click.IntRange(0), help="Other cases.  [default: 0]")
@click.option(
    "--timeout", default=30.0, type=choose.SECONDS, help="Seconds per check.  [default: 30]"
)
@click.option("-j", "--jobs", type=click.IntRange(1), help="Workers at once.  [default: cores]")
@click.option("-x", "stop_at_first", is_flag=True, help="Stop at the first finding.")
@click.option(
    "-o", "--output", "folder", default="convergent-fuzz", type=click.Path(path_type=Path),
    help="Folder of findings, corpus, run.jsonl and report.  [default: convergent-fuzz]",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the fuzz in that folder.")
@click.option(
    "--known", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A ledger of known divergences instead of the built-in one.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Check random cases until the budget is spent, and shrink what is wrong.

    Ctrl-C ends it as the end of the budget does.
    """
    from convergent.harness import aside, fuzz, ledger
    from convergent.reports import fuzz as pages
    from convergent.reports import html, terminal

    options, start = _options(given), _start(given["corpora"])
    console = terminal.console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pages_of = options.folder / "findings.md"
    written = -1

    with pages.Progress(given["budget"], console) as progress:

        def watch(state: fuzz.State) -> bool:
            nonlocal written
            progress(state)
            if len(state.findings.all) != written:
                written = len(state.findings.all)
                aside.write(pages_of, pages.markdown(state).encode())
            return False

        try:
            found = fuzz.fuzz(
                options, given["budget"], ledger.load(given["known"]), start=start, watch=watch
            )
        except NothingLeft as error:
            click.echo(f"nothing was selected: {error}")
            ctx.exit(NOTHING)
    aside.write(pages_of, pages.markdown(found.state).encode())
    report = options.folder / REPORT
    html.write(fuzz.read(options), report)
    pages.print_summary(found, console, report=report, folder=options.folder)
    ctx.exit(found.exit_code)


def _options(given: dict[str, Any]) -> Any:
    from convergent.harness import environment
    from convergent.harness.options import Options

    variants = choose.variants(given["backends"], every=given["every"])
    return Options(
        variants=variants,
        folder=given["folder"],
        selection=narrow.selection(given, relations=given["relations"]),
        suite="fuzz",
        seed=given["seed"],
        timeout=given["timeout"],
        jobs=given["jobs"] or environment.cores(),
        resume=given["resume"],
        enough=int(given["stop_at_first"]),
    )


def _start(names: tuple[str, ...]) -> list[Case]:
    """Return the cases of suites and files. Raises ``InvalidCase`` for what is neither."""
    found: list[Case] = []
    for name in names:
        if name in suites.names():
            found += suites.load(name)
        elif Path(name).is_file():
            found += choose.read((Path(name),))
        else:
            raise InvalidCase(
                f"--corpus {name}: neither a file nor a suite; the suites are "
                f"{', '.join(suites.names())}"
            )
    return found
