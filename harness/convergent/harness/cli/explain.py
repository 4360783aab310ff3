"""``convergent explain``: one case from its data to every result of every method."""

from __future__ import annotations

import math
from pathlib import Path

import click
import numpy as np

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases import words
from convergent.cases.case import Case
from convergent.cases.dtypes import Float64
from convergent.harness import referee, show
from convergent.harness.ask import Asker, refuse
from convergent.harness.cli import choose
from convergent.harness.outcome import PASSING, Outcome

MATRIX = 48  # the widest sparse matrix that is printed
PAGE = Path("explain.html")
MEANING = {
    "conv": "y = B(x, w): slide the filter over the image",
    "backprop_input": "d_x = A^T d_y: what each place of x adds to <y, d_y>",
    "backprop_filter": "d_w = C^T d_y: what each tap of w adds to <y, d_y>",
    "transpose": "the transposed convolution of d_y: the value of backprop_input, an op of its own",
    "jacobian_input": "every d y_i / d x_j: the matrix A",
    "jacobian_filter": "every d y_i / d w_j: the matrix C",
    "transpose_jacobian_input": "every d T_i / d d_y_j of the transposed convolution: A^T",
    "transpose_jacobian_filter": "every d T_i / d w_j of the transposed convolution",
    "backprop_bias": "d_y summed over batch and places, for each output channel",
    "contract": "illegal calls, each of which must raise an exception",
}


@click.command(
    "explain",
    epilog="\b\nExamples:\n  convergent explain conv2d:i3_k2_golden1\n"
    "  convergent explain conv2d:i4_k3_s2_pSAME --backend torch\n"
    "  convergent explain conv2d:i5_k3_s2_pSAME --html    draw it as one page",
)
@click.argument("case", type=choose.CASE)
@click.option(
    "--backend",
    "--variant",
    "backends",
    multiple=True,
    help="A variant; repeat.  [default: installed]",
)
@click.option("--op", "ops", multiple=True, type=click.Choice(list(OPS)), help="An op; repeat.")
@click.option("--timeout", default=120.0, type=choose.SECONDS, help="Seconds per check.")
@click.option("--html", "drawn", is_flag=True, help="Draw the case instead, as one HTML page.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: explain.html]",
)  # fmt: skip
@click.pass_context
def command(  # noqa: PLR0913 - one argument per option
    ctx: click.Context,
    case: Case,
    backends: tuple[str, ...],
    ops: tuple[str, ...],
    timeout: float,
    *,
    drawn: bool,
    output: Path | None,
) -> None:
    """Walk through one case: every result by every method, side by side.

    With --html nothing is run: the page shows padding, inserted zeros, what each result reads, the
    sparse matrix and its transpose. It needs no network.
    """
    if drawn:
        _draw(case, output or PAGE, chosen=bool(backends or ops))
        return
    if output is not None:
        raise click.UsageError("-o says where the page goes; give --html with it")
    for op in ops:
        refuse(case, op)
    variants = choose.variants(backends)
    findings = 0
    with Asker(timeout) as ask:
        click.echo(f"{case}\n{words.in_words(case)}\n")
        for name, array in zip(("x", "w", "dy"), ask.referee.operands(case), strict=True):
            _print(name, show.values(array, case.dtype))
        _matrix(ask, case)
        for op in ops or [op for op in OPS if referee.asks(case, op)]:
            findings += _walk(ask, case, op, variants)
    ctx.exit(1 if findings else 0)


def _draw(case: Case, path: Path, *, chosen: bool) -> None:
    """Write the page of a case, which is the same for every backend."""
    from convergent.reports.picture import page

    if chosen:
        raise click.UsageError("--html draws the case, not results; leave out --backend and --op")
    page.write(case, path)
    click.echo(path)


def _walk(ask: Asker, case: Case, op: str, variants: tuple[str, ...]) -> int:
    """Print one op: what it must give and what each method gives. Return the findings."""
    click.echo(f"\n{op}: {MEANING[op]}")
    if op != "contract":
        _print("expected", ask.referee.question(case, op).rounded)
    findings, notes = 0, set()
    for variant in variants:
        for key, method in registry.variant(variant).methods().items():
            if method.op != op:
                continue
            outcome = ask(variant, key, case)
            findings += outcome.is_finding
            notes |= {outcome.note} - {""}
            _line(outcome)
            array = ask.last
            if outcome.verdict not in PASSING and array is not None:
                _print("  actual", show.values(array, case.dtype))
    for note in sorted(notes):
        click.echo(f"  note: {note}")
    return findings


def _line(outcome: Outcome) -> None:
    name = f"{outcome.variant} {outcome.method}"
    ratio = f"error ratio {outcome.ratio:.3g}" if isinstance(outcome.ratio, float | int) else ""
    said = outcome.detail or outcome.model or ratio
    took = f"{outcome.seconds * 1e3:8.2f} ms" if outcome.seconds else " " * 11
    click.echo(f"  {name:40} {outcome.verdict:12} {took}  {said}")
    if outcome.verdict not in PASSING:
        click.echo(f"    {outcome.sentence}\n    {outcome.repro}")


def _matrix(ask: Asker, case: Case) -> None:
    """Print conv as a fully connected layer with shared weights, where the matrix is small."""
    rows, columns = math.prod(case.y_shape), math.prod(case.x_shape)
    click.echo(f"\nconv as a matrix: y = A x, d_x = A^T d_y, A of {rows} x {columns}")
    if max(rows, columns) > MATRIX:
        click.echo(f"  (shown up to {MATRIX} rows and columns)")
        return
    from convergent.backends.scipy.matrix import input_matrix

    x, w, dy = (show.values(a, case.dtype) for a in ask.referee.operands(case))
    A = input_matrix(case, w)
    click.echo(_sparse(np.asarray(A.todense())))
    for name, product, op in (
        ("A x", A @ x.ravel(), "conv"),
        ("A^T d_y", A.T @ dy.ravel(), "backprop_input"),
    ):
        expected = ask.referee.question(case, op).expected.value.ravel()
        error = float(np.abs(product - expected).max(initial=0.0))
        click.echo(
            f"  {name} {'equals' if error == 0 else f'is within {error:.2g} of'} {op} of the oracle"
        )


def _sparse(matrix: Float64) -> str:
    """Return a matrix with dots for its zeros."""
    cells = [["." if v == 0 else f"{v:.4g}" for v in row] for row in matrix]
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join("  " + " ".join(f"{cell:>{width}}" for cell in row) for row in cells)


def _print(title: str, values: Float64) -> None:
    if values.size <= show.SMALL:
        indented = show.text(values).replace("\n", "\n    ")
        click.echo(f"{title} {values.shape}:\n    {indented}")
    else:
        click.echo(f"{title} {values.shape}: {values.size} elements")
