"""``convergent shrink``: from a failing check, or a run's findings, to minimal cases."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from convergent.backends.base import OPS
from convergent.cases import words
from convergent.cases.case import Case
from convergent.cases.errors import ConvergentError, InvalidCase
from convergent.cases.text import parse
from convergent.harness import aside, record
from convergent.harness.cli import INTERRUPTED, UNAVAILABLE, choose
from convergent.harness.outcome import Outcome
from convergent.harness.reduce import CONFIRMATIONS, Minimum, Reducer
from convergent.harness.run import RUN_FILE
from convergent.harness.shrink import MOST, is_failure

FOUND = 1
RESULTS = "shrunk.jsonl"


@click.command(
    "shrink",
    epilog="\b\nExamples:\n"
    "  convergent shrink torch conv/native conv2d:n2_i9x10_c4_k3_o6_s2_pSAME\n"
    "  convergent shrink torch/conv/native/conv2d:n2_i9x10_c4_k3_o6_s2_pSAME\n"
    "  convergent shrink --run convergent-report/run.jsonl",
)
@click.argument("check", nargs=-1, metavar="VARIANT OP/METHOD CASE | CHECK")
@click.option(
    "--run", "path", type=click.Path(path_type=Path),
    help=f"A run file or its folder: shrink one of each group of findings into {RESULTS} there.",
)  # fmt: skip
@click.option(
    "--most", default=MOST, type=click.IntRange(1), help=f"Evaluations a check.  [default: {MOST}]"
)
@click.option(
    "--timeout", default=120.0, type=choose.SECONDS, help="Seconds an evaluation.  [default: 120]"
)
@click.pass_context
def command(
    ctx: click.Context, check: tuple[str, ...], path: Path | None, most: int, timeout: float
) -> None:
    """Find the smallest case that fails as a check does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if bool(check) == bool(path):
        raise click.UsageError("give either a check (VARIANT OP/METHOD CASE) or --run FILE")
    reducer = Reducer(timeout=timeout, most=most, watch=_progress)
    if path:
        ctx.exit(_of_run(reducer, path))
    ctx.exit(_code([_shrunk(reducer, *read_check(check))]))


def _of_run(reducer: Reducer, path: Path) -> int:
    """Shrink one of each group of a run's findings, and write what it came to."""
    path = path / RUN_FILE if path.is_dir() else path
    checks = list(_representatives(record.read(path).outcomes))
    if not checks:
        click.echo(f"nothing to shrink: {path} has no finding")
        return 0
    minima: list[Minimum] = []
    failed = 0
    for number, (variant, key, case) in enumerate(checks, 1):
        click.echo(f"{number} of {len(checks)}: {variant}/{key}/{case}")
        try:
            minima.append(_shrunk(reducer, *read_check((variant, key, case))))
        except (ConvergentError, click.UsageError) as error:
            click.echo(f"convergent: {error}", err=True)
            failed += 1
        except KeyboardInterrupt:  # before or after its shrinking
            break
        if minima and minima[-1].interrupted:
            break
    results = path.with_name(RESULTS)
    aside.write(results, b"".join(record.encoded(found) + b"\n" for found in minima))
    click.echo(f"{len(minima)} of {len(checks)} written to {results}")
    if len(minima) + failed < len(checks):
        return INTERRUPTED
    return _code(minima) or (UNAVAILABLE if failed else 0)


def _shrunk(reducer: Reducer, variant: str, key: str, case: Case) -> Minimum:
    """Shrink one check and show what it came to."""
    (variant,) = choose.variants((variant,))
    found = reducer(variant, key, case)
    _show(found)
    return found


def _representatives(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, str, str]]:
    """Yield the check of the smallest case of each group of findings that are one bug."""
    from convergent.reports import groups

    findings = (o for o in outcomes if o.is_finding and is_failure(o))
    for joined in groups.alike(groups.group(findings)):
        first = joined[0].first
        yield first.variant, first.key, first.case


def read_check(check: tuple[str, ...]) -> tuple[str, str, Case]:
    """Return variant, ``op/method`` and case of three arguments or of a check's id."""
    whole = check if len(check) > 1 else tuple(check[0].rsplit("/", 3))  # a variant may name a path
    if len(check) == 1 and len(whole) == 4:  # noqa: PLR2004 - variant/op/method/case
        whole = (whole[0], f"{whole[1]}/{whole[2]}", whole[3])
    if len(whole) != 3:  # noqa: PLR2004 - as above
        given = " ".join(check)
        raise click.UsageError(f"{given!r} is no check; write torch conv/native conv2d:i4_k3")
    variant, key, line = whole
    if key.partition("/")[0] not in OPS:
        raise click.UsageError(f"{key!r} is no OP/METHOD; the ops are {', '.join(OPS)}")
    try:
        case = parse(line)
    except InvalidCase as error:
        raise click.UsageError(str(error)) from error
    return variant, key, case


def _progress(case: Case, evaluations: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{evaluations} evaluations, now at {case}", nl=False, err=True)


def _show(found: Minimum) -> None:
    if sys.stderr.isatty() and found.evaluations:
        click.echo("\r\x1b[K", nl=False, err=True)
    outcome = found.outcome
    if not is_failure(outcome):
        said = "it agrees" if outcome.verdict == "agrees" else outcome.sentence
        click.echo(f"nothing to shrink: {said}")
        return
    click.echo(f"{outcome.case}\n{words.in_words(parse(outcome.case))}\n{outcome.sentence}")
    click.echo(f"verdict: {outcome.verdict}" + (f", known: {outcome.known}" * bool(outcome.known)))
    click.echo(outcome.repro)
    click.echo(f"{_how(found)}, after {found.evaluations} evaluations in {found.seconds:.1f} s")
    if found.is_flaky:
        click.echo(f"flaky: asked again it failed {found.held} times of {CONFIRMATIONS}")


def _how(found: Minimum) -> str:
    if found.complete:
        return "minimal: no simpler case that was tried fails like this"
    if found.interrupted:
        return "interrupted: the smallest so far"
    return "not minimal: the evaluations ended; give more with --most"


def _code(minima: list[Minimum]) -> int:
    if any(found.interrupted for found in minima):
        return INTERRUPTED
    return FOUND if any(found.outcome.is_finding for found in minima) else 0
