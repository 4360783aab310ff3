"""``convergent support``: what each method can do and why not, without running anything."""

from __future__ import annotations

import click

from convergent.cases.case import Case
from convergent.harness.cli import choose

NOTHING = 5
FORMATS = ("text", "markdown", "json")


@click.command(
    "support",
    epilog="\b\nExamples:\n"
    "  convergent support --backend torch\n"
    "  convergent support --op conv --op transpose\n"
    "  convergent support --case conv3d:i5_k3_s2_float16   which methods do it here\n"
    "  convergent support --format markdown > docs/support.md\n"
    "  convergent support --format json",
)
@click.option(
    "--backend", "backends", multiple=True, help="A backend; repeat. [default: all there are]"
)
@click.option("--op", "ops", multiple=True, help="An op, such as backprop_input; repeat.")
@click.option(
    "--case",
    type=choose.CASE,
    help="Of this case alone, on this machine; --backend may have modes.",
)
@click.option(
    "--format", "format_", default="text", type=click.Choice(FORMATS), help="[default: text]"
)
@click.pass_context
def command(
    ctx: click.Context,
    backends: tuple[str, ...],
    ops: tuple[str, ...],
    case: Case | None,
    format_: str,
) -> None:
    """Show what each method can do, what not, and why.

    The answer is what the backends declare; no framework is needed for it.
    """
    found = _of_case(case, backends, ops, format_) if case else _of_all(backends, ops, format_)
    if not found:
        click.echo("nothing was selected; loosen --op, --backend or --case")
        ctx.exit(NOTHING)


def _of_all(backends: tuple[str, ...], ops: tuple[str, ...], format_: str) -> bool:
    from convergent.reports import support, terminal
    from convergent.reports.support import json, markdown, text

    with_modes = next((name for name in backends if ":" in name), None)
    if with_modes:
        raise click.UsageError(
            f"{with_modes}: the tables are of backends, modes are conditions of their reasons; "
            "ask for a variant with --case"
        )
    sheets = support.sheets(backends, ops)
    found = any(sheet.rows or sheet.refusals for sheet in sheets)
    if not found:
        return False
    if format_ == "markdown":
        click.echo(markdown.page(sheets), nl=False)
    elif format_ == "json":
        click.echo(json.document(sheets), nl=False)
    else:
        text.print_sheets(sheets, terminal.console())
    return True


def _of_case(case: Case, backends: tuple[str, ...], ops: tuple[str, ...], format_: str) -> bool:
    from convergent.reports import terminal
    from convergent.reports.support import case as one_case
    from convergent.reports.support import json, text

    if format_ == "markdown":
        raise click.UsageError("one case is shown as text or json")
    answers = one_case.answers(case, backends, ops)
    if not any(answer.methods for answer in answers):
        return False
    if format_ == "json":
        click.echo(json.of_case(case, answers), nl=False)
    else:
        text.print_case(case, answers, terminal.console())
    return True
