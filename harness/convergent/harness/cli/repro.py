"""``convergent repro``: one check again, with the numbers."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from convergent.backends import contracts
from convergent.backends.base import OPS
from convergent.cases import words
from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.harness import diagnose, show
from convergent.harness.ask import Asker
from convergent.harness.cli import choose
from convergent.harness.outcome import Outcome


@click.command(
    "repro",
    epilog="\b\nExample:\n  convergent repro torch backprop_input/autodiff conv2d:i5_k3_s2_pSAME",
)
@click.argument("variant")
@click.argument("key", metavar="OP/METHOD")
@click.argument("case", type=choose.CASE)
@click.option("--timeout", default=120.0, type=choose.SECONDS, help="Seconds.")
@click.option("--script", "scripted", is_flag=True, help="Write a stand-alone script instead.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Where the script goes; standard output otherwise.")  # fmt: skip
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - the command line's
    ctx: click.Context,
    variant: str,
    key: str,
    case: Case,
    timeout: float,
    scripted: bool,
    output: Path | None,
) -> None:
    """Run one check again and show what was expected and what came.

    With --script a Python script is written that needs the framework and NumPy alone, ready to be
    pasted into an issue tracker.
    """
    if key.partition("/")[0] not in OPS:
        raise click.UsageError(f"{key!r} is no OP/METHOD; the ops are {', '.join(OPS)}")
    if output and not scripted:
        raise click.UsageError("-o says where a script goes; add --script")
    (variant,) = choose.variants((variant,))
    if scripted:
        from convergent.harness.script import write

        write.refuse(key)
    with Asker(timeout) as ask:
        outcome = ask(variant, key, case)
        if scripted:
            _script(ask, outcome, case, timeout, output)
            ctx.exit(1 if outcome.is_finding else 0)
        loaded = ask.loaded.get(variant)
        if loaded:
            click.echo(f"{variant} {loaded.loaded.get('version')}, {loaded.loaded.get('file')}")
        click.echo(words.in_words(case))
        if outcome.op == "contract":
            click.echo(f"an illegal call: {contracts.reason(outcome.method)}")
        else:
            _numbers(ask, outcome, case)
        if outcome.kernel:
            click.echo(f"kernel: {outcome.kernel}")
    click.echo(outcome.sentence)
    if outcome.diagnosis:
        meaning = diagnose.CAUSES.get(diagnose.cause(outcome.diagnosis).removesuffix(", in part"))
        click.echo(f"diagnosis: {outcome.diagnosis}" + (f" ({meaning})" if meaning else ""))
    click.echo(
        f"verdict: {outcome.verdict}" + (f", known: {outcome.known}" if outcome.known else "")
    )
    ctx.exit(1 if outcome.is_finding else 0)


def _script(ask: Asker, outcome: Outcome, case: Case, timeout: float, output: Path | None) -> None:
    """Write the script of a check, see whether it shows the same, and say so on standard error."""
    from convergent.harness import aside, envs
    from convergent.harness.script import attempt, fill, write

    loaded = ask.loaded.get(outcome.variant)
    text = write.script(
        outcome,
        referee=ask.referee,
        loaded=loaded.loaded if loaded else {},
        filled=fill.matters(outcome, case, timeout),
    )
    if output is None:
        click.echo(text, nl=False)
    else:
        aside.write(output, text.encode())
    tried = attempt.attempt(text, timeout, python=envs.interpreter(outcome.variant))
    click.echo(outcome.sentence, err=True)
    click.echo(f"the script {tried.sentence}", err=True)
    if not tried.shows(outcome):
        click.echo("that is not what the check came to: it needs more than this one call", err=True)


def _numbers(ask: Asker, outcome: Outcome, case: Case) -> None:
    """Print operands, expected and actual where they are small enough to read."""
    if ask.referee.cannot_relate(case):
        return  # nor can its operands be made
    operands = ask.referee.operands(case)
    for name, array in zip(("x", "w", "dy"), operands, strict=True):
        _print(f"{name} {array.shape}", show.values(array, case.dtype))
    if ask.referee.refuses(case):
        return
    question = ask.referee.question(case, outcome.op)
    _print(f"expected {question.rounded.shape}", question.rounded)
    given = ask.last
    if given is not None and given.shape == question.rounded.shape:
        actual = show.values(given, case.dtype)
        _print("actual", actual)
        with np.errstate(invalid="ignore"):
            _print("actual - expected", actual - question.rounded)


def _print(title: str, values: Array) -> None:
    if values.size <= show.SMALL:
        click.echo(f"{title}:\n{show.text(values)}")
