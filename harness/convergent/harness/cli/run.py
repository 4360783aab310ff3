"""``convergent run``: the main job."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convergent.cases.case import Case
from convergent.harness.cli import cases, choose, formats, narrow

if TYPE_CHECKING:
    from rich.console import Console

    from convergent.harness.ledger import Ledger
    from convergent.harness.options import Options
    from convergent.harness.outcome import Outcome
    from convergent.harness.run import Result
    from convergent.reports.lines import Lines
    from convergent.reports.progress import Progress

REPORT = "report.html"


@click.command(
    "run",
    epilog="\b\nExamples:\n"
    "  convergent run --suite smoke\n"
    "  convergent run --backend torch --backend jax:jit --op backprop_filter\n"
    "  convergent run --suite special --suite contracts --all-variants\n"
    "  convergent run --case conv1d:i8_k3_pSAME --case conv2d:i5_k2_s2\n"
    "  convergent run -k 'torch and not (float16 or bfloat16)' -x\n"
    "  convergent run --suite networks --scale 8 --method native --method autodiff\n"
    "  convergent run --sample 2000 --budget 10m\n"
    "  convergent run --shard 2/4 --durations nightly -o shard-2\n"
    "  convergent run --format github --format junit=junit.xml\n"
    "  convergent run -o nightly --resume",
)
@cases.options
@narrow.options
@click.option(
    "--relations", is_flag=False, flag_value="too", type=click.Choice(("too", "only")),
    help="Check relations between results, too or only; see convergent list relations.",
)  # fmt: skip
@click.option("-x", "enough", flag_value=1, type=int, default=0, help="Stop at the first finding.")
@click.option("--maxfail", "enough", type=click.IntRange(1), help="Stop after so many findings.")
@click.option(
    "--repeat",
    default=2,
    type=click.IntRange(1, 1000),
    help="Calls of each method, which must give the same bits.  [default: 2]",
)
@click.option(
    "--timeout", "--max-time",
    default=120.0,
    type=choose.SECONDS,
    help="Seconds per check.  [default: 120]",
)  # fmt: skip
@click.option(
    "--max-memory", type=choose.SIZE,
    help="What a worker may hold, such as 8G; 0: any.  [default: 80 % of the machine's]",
)  # fmt: skip
@click.option(
    "--budget", type=choose.DURATION,
    help="End after so long (90s, 10m, 1h), whatever is left; --resume goes on.",
)  # fmt: skip
@click.option(
    "--shard", type=choose.SHARD, metavar="I/N",
    help="Run part I of N of about equal cost; convergent merge joins them.",
)  # fmt: skip
@click.option(
    "--durations", type=click.Path(exists=True, path_type=Path), metavar="RUN",
    help="A run that tells what checks cost, to cut shards by.  [default: a built-in table]",
)  # fmt: skip
@click.option(
    "--dask", default="", metavar="ADDRESS|local[:N]",
    help="Run on a Dask cluster, or on one of N processes here.",
)  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(1), help="Workers at once.  [default: cores]")
@click.option(
    "-o", "--output", "folder", default="convergent-report", type=click.Path(path_type=Path),
    help="Folder of run.jsonl and report.html.  [default: convergent-report]",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in that folder.")
@click.option(
    "--known", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A ledger of known divergences instead of the built-in one.",
)  # fmt: skip
@click.option(
    "--baseline", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Findings that are no news, see convergent baseline; new ones alone fail.",
)  # fmt: skip
@formats.OPTION
@click.option("-q", "--quiet", is_flag=True, help="Say what broke and how it ended, no more.")
@click.option("-v", "--verbose", is_flag=True, help="Say what each check came to.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Check every method of the installed frameworks and write a report."""
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("-q and -v exclude each other; take one")
    chosen = cases.chosen(given)
    if given["sample"] and not given["quiet"]:
        click.echo(f"the sample has the seed {chosen.seed}; --seed {chosen.seed} draws it again")
    options = _options(given, chosen)
    ctx.exit(execute(chosen.cases, options, given))


def execute(chosen: list[Case], options: Options, given: Mapping[str, Any]) -> int:
    """Run, show the summary, write the report, and return the exit code."""
    from convergent.harness import run
    from convergent.reports import terminal

    accepted: Path | None = given["baseline"]
    excuses = _excuses(given["known"], accepted)
    console = terminal.console()
    progress: list[Progress | Lines] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # CI cancels so; end as on Ctrl-C

    def watch(left: dict[str, int]) -> Callable[[Outcome], None]:
        progress.append(_watching(left, console, options, verbose=given["verbose"]))
        progress[0].__enter__()
        return progress[0].advance

    try:
        result = run.run(chosen, options, excuses, None if given["quiet"] else watch)
    finally:
        for shown in progress:
            shown.__exit__(None, None, None)
    _tell(result, options, console, given)
    return result.exit_code


def _tell(result: Result, options: Options, console: Console, given: Mapping[str, Any]) -> None:
    """Write the report and what else was asked for, then say what it came to and where it lies."""
    from convergent.reports import html, terminal
    from convergent.reports.formats import Page

    report, wanted, quiet = options.folder / REPORT, given["wanted"], given["quiet"]
    html.write(result.run, report)
    page = Page(result.run, report)
    written = formats.write(page, wanted, options.folder)
    missing = {} if quiet or given["backends"] else _missing()
    with formats.unheard(wanted):
        terminal.print_summary(result.run, console, report=report, missing=missing, quiet=quiet)
        for line in () if quiet else written:
            click.echo(line)
        if given["baseline"] and not quiet:
            _say_fixed(result, given["baseline"])
        _say_rest(result, options)
    formats.show(page, wanted)


def _watching(
    left: dict[str, int], console: Console, options: Options, *, verbose: bool
) -> Progress | Lines:
    from convergent.reports import lines, progress

    if verbose:
        return lines.Lines(left, console)
    return progress.Progress(left, console, jobs=options.jobs, budget=options.budget)


def _excuses(known: Path | None, accepted: Path | None) -> Ledger:
    """Return the ledger, and with it the baseline if there is one."""
    from convergent.harness import baseline, ledger

    book = ledger.load(known)
    if accepted is None:
        return book
    return baseline.Excuses(book, baseline.read(accepted), str(accepted))


def _say_fixed(result: Result, accepted: Path) -> None:
    from convergent.harness import baseline

    fixed = baseline.compare(baseline.read(accepted), result.run.outcomes).fixed
    if fixed:
        click.echo(
            f"{len(fixed)} of the baseline no longer diverge; take them out with: "
            f"convergent baseline check {result.run.path} {accepted} --update"
        )


def _missing() -> dict[str, str]:
    return {name: choose.way(name) for name in choose.missing()}


def _say_rest(result: Result, options: Options) -> None:
    if result.interrupted:
        click.echo(f"interrupted; go on with: convergent run ... -o {options.folder} --resume")
    elif result.run.end and result.run.end.out_of_time:
        click.echo(f"go on with: convergent run ... -o {options.folder} --resume")
    if not result.run.header.checks:
        empty = f"shard {options.shard} holds nothing: there are too few cases for so many shards"
        nothing = "nothing was selected; loosen --op, --method, --dtype or -k"
        click.echo(nothing if result.exit_code else empty)


def _options(given: dict[str, Any], chosen: cases.Chosen) -> Options:
    from convergent.harness import environment
    from convergent.harness.options import Options

    variants = choose.variants(given["backends"], every=given["every"])
    return Options(
        variants=variants,
        folder=given["folder"],
        selection=narrow.selection(
            given, relations=bool(given["relations"]), ordinary=given["relations"] != "only"
        ),
        suite=chosen.name,
        seed=chosen.seed,
        budget=given["budget"],
        timeout=given["timeout"],
        most_memory=given["max_memory"],
        jobs=given["jobs"] or min(environment.cores(), max(2, len(variants))),
        shard=given["shard"],
        durations=given["durations"],
        dask=given["dask"],
        enough=given["enough"],
        resume=given["resume"],
        repeat=given["repeat"],
    )
