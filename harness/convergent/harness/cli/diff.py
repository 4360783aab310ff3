"""``convergent diff``: whether an upgrade changed convolution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convergent.backends import registry
from convergent.cases.errors import UnknownBackend
from convergent.harness.cli import cases, choose, narrow
from convergent.harness.cli.formats import of_file, see_writable

if TYPE_CHECKING:
    from convergent.harness.diff import Diff
    from convergent.harness.outcome import Outcome
    from convergent.reports.diff.page import Page

FORMATS = ("text", "json", "markdown", "html")
HTML = Path("diff.html")
_INTERRUPTED, _NOT_RUN = 2, 3
_OF_RUNS = ("suite_names", "cases", "files", "strength", "sample", "seed", "resume", "budget",
            "jobs", "known", "relations", "max_memory", "timeout")  # fmt: skip


class _Causes(click.ParamType[tuple[str, ...]]):
    """What a comparison fails on: names separated by commas."""

    name = "kinds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names, or fail for one that is none."""
        from convergent.harness.diff.failing import CAUSES

        if isinstance(value, tuple):
            return value
        names = [name.strip() for name in value.split(",")]
        unknown = next((n for n in names if n not in CAUSES and n != "none"), None)
        if unknown is not None:
            self.fail(f"{unknown!r} is none of {', '.join(CAUSES)} and none", param, ctx)
        if "none" in names and len(names) > 1:
            self.fail("'none' goes with nothing else", param, ctx)
        return tuple(n for n in dict.fromkeys(names) if n != "none")


@click.command(
    "diff",
    epilog="\b\nExamples:\n"
    "  convergent diff before/run.jsonl after/run.jsonl\n"
    "  convergent diff jax==0.9.2 jax==0.10.2 --suite ci\n"
    "  convergent diff torch torch:no_onednn --suite smoke\n"
    "  convergent diff old new --match jax==0.9.2:jit=jax:jit --fail-on new,slower\n"
    "  convergent diff old new --format markdown -o comment.md",
)
@click.argument("old")
@click.argument("new")
@click.option("--match", "settled", multiple=True, metavar="OLD=NEW",
              help="Compare these two variants with each other; repeat.")  # fmt: skip
@click.option("--fail-on", "fail_on", default="new", type=_Causes(),
              help="What makes the exit code 1, by commas; or none.  [default: new]")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(FORMATS),
              help="[default: what --output ends with, such as .html; else text]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the comparison to this file.  [default for html: diff.html]")  # fmt: skip
@click.option("--most", default=20, type=click.IntRange(1),
              help="Groups and rows of each kind in a text.  [default: 20]")  # fmt: skip
@click.option("--confirm", is_flag=True,
              help="Run the script of each new and fixed group under both versions.")  # fmt: skip
@narrow.checks
@cases.options
@click.option("--relations", is_flag=True, help="Of two variants: check relations too.")
@click.option("--timeout", default=120.0, type=choose.SECONDS,
              help="Seconds per check.  [default: 120]")  # fmt: skip
@click.option("--max-memory", type=choose.SIZE,
              help="Of two variants: what a worker may hold, such as 8G.")  # fmt: skip
@click.option("--budget", type=choose.DURATION, help="Of two variants: end after so long.")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Workers at once.  [default: cores]")
@click.option("--folder", default="convergent-diff",
              type=click.Path(path_type=Path),
              help="Of two variants' run, and of scripts.  [default: convergent-diff]")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the run in that folder.")
@click.option("--known", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A ledger of known divergences instead of the built-in one.")  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Compare two runs, or two versions: what is new, fixed, drifted, slower.

    OLD and NEW are run files, folders of such, or both variants, which are run first.
    """
    if given["output"]:
        see_writable(given["output"])
    sides = [(given[name], _is_run(given[name])) for name in ("old", "new")]
    if all(there for _, there in sides):
        code = _of_files(ctx, given)
    elif any(there for _, there in sides):
        run, other = sorted(sides, key=lambda side: not side[1])
        raise click.UsageError(_half(run[0], other[0]))
    else:
        code = _of_variants(given)
    ctx.exit(code)


def _is_run(text: str) -> bool:
    """Say whether a side names a run: a folder called ``torch`` that holds none is no such."""
    from convergent.harness.run import RUN_FILE

    path = Path(text)
    if path.is_file() or (path / RUN_FILE).is_file():
        return True
    return path.exists() and not _is_variant(text)


def _is_variant(text: str) -> bool:
    try:
        registry.variant(text)
    except UnknownBackend:
        return False
    return True


def _half(run: str, other: str) -> str:
    if not _is_variant(other):
        return f"{run} is a run, and {other} is neither a run nor a variant"
    return (
        f"{run} is a run and {other} a variant; give two runs or two variants "
        f"(convergent run --variant {other} makes a run)"
    )


def _of_files(ctx: click.Context, given: dict[str, Any]) -> int:
    from convergent.harness import diff
    from convergent.harness.diff import side

    for name in _OF_RUNS:
        source = ctx.get_parameter_source(name)
        if source is click.core.ParameterSource.COMMANDLINE and not (
            name == "timeout" and given["confirm"]
        ):
            flag = next(p.opts[-1] for p in ctx.command.params if p.name == name)
            raise click.UsageError(f"{flag} is for two variants; these are two runs")
    wanted = narrow.wanted(given)
    old, new = (side.read(Path(given[name]), wanted) for name in ("old", "new"))
    return _tell(diff.diff(old, new, given["settled"]), given)


def _of_variants(given: dict[str, Any]) -> int:
    """Run both variants into one run file and compare them within it."""
    from convergent.harness import diff, environment, ledger, run
    from convergent.harness.diff import side
    from convergent.harness.options import Options

    if given["settled"]:
        raise click.UsageError("--match is for two runs; two variants match each other")
    try:
        names = (registry.variant(given["old"]).name, registry.variant(given["new"]).name)
    except UnknownBackend as error:
        raise click.UsageError(f"{error}; nor is it a file or a folder") from error
    if names[0] == names[1]:
        raise click.UsageError(
            f"both sides are {names[0]}: a version compared with itself; name two versions, modes "
            "or interpreters, or compare two runs"
        )
    choose.variants(names)
    chosen = cases.chosen(given)
    options = Options(
        variants=names,
        folder=given["folder"],
        selection=narrow.selection(given, relations=given["relations"]),
        suite=chosen.name,
        seed=chosen.seed,
        budget=given["budget"],
        timeout=given["timeout"],
        most_memory=given["max_memory"],
        jobs=given["jobs"] or min(environment.cores(), 2),
        resume=given["resume"],
    )
    with _progress(options.budget) as watch:
        result = run.run(chosen.cases, options, ledger.load(given["known"]), watch)
    if not result.run.header.checks:
        click.echo("nothing was selected; loosen --op, --method, --dtype or -k", err=True)
    old, new = (side.of(result.run, [name]) for name in names)
    code = _tell(diff.compare(old, new, (names,)), given)
    if result.interrupted:
        click.echo("interrupted; the same command with --resume goes on", err=True)
        return _INTERRUPTED
    return code


def _progress(budget: float | None) -> Any:
    """Return what shows the progress of a run, on standard error: the result goes to the other."""
    import contextlib
    import signal

    from rich.console import Console

    from convergent.reports import terminal

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # CI cancels so; end as on Ctrl-C

    @contextlib.contextmanager
    def shown() -> Any:
        with contextlib.ExitStack() as stack:

            def watch(left: dict[str, int]) -> Callable[[Outcome], None]:
                console = Console(stderr=True)
                progress = terminal.Progress(left, console, budget=budget)
                return stack.enter_context(progress).advance

            yield watch

    return shown()


def _tell(found: Diff, given: dict[str, Any]) -> int:
    """Show or write the comparison and return the exit code."""
    from convergent.harness.diff import failing
    from convergent.reports.diff import confirming, page

    told = page.page(found)
    code = failing.exit_code(found, given["fail_on"])
    if given["confirm"]:
        told = confirming.confirmed(told, given["folder"] / "scripts", given["timeout"], _say)
    _write(told, code, given)
    return code


def _say(line: str) -> None:
    click.echo(line, err=True)


def _write(told: Page, code: int, given: dict[str, Any]) -> None:
    from convergent.harness import aside
    from convergent.reports import terminal
    from convergent.reports.diff import html, json, markdown, text

    format_, output = given["format_"] or of_file(given["output"]), given["output"]
    if format_ not in FORMATS:
        format_ = "text"
    if format_ == "html":
        output = output or HTML
    if format_ == "text" and output is None:
        text.show(told, terminal.console(), given["most"])
        return
    document = {
        "text": lambda: text.text(told, given["most"]),
        "json": lambda: json.document(told, given["fail_on"], code),
        "markdown": lambda: markdown.document(told),
        "html": lambda: html.document(told),
    }[format_]()
    if output is None:
        click.echo(document.encode("utf-8", "replace").decode(), nl=False)
        return
    aside.write(output, document.encode("utf-8", "replace"))
    click.echo(told.headline)
    click.echo(f"comparison: {output}")
