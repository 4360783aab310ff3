"""Which checks, by which variants: the options that ``run`` and ``fuzz`` have in common."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases.case import DTYPES
from convergent.harness.cli import choose

if TYPE_CHECKING:
    from convergent.harness.outcome import Outcome
    from convergent.harness.plan import Selection

_VARIANTS = (
    click.option(
        "--backend",
        "--variant",
        "backends",
        multiple=True,
        shell_complete=choose.complete(registry.names),
        help="A backend, or a variant such as torch:compile; repeat.  [default: installed]",
    ),
    click.option(
        "--all-variants",
        "every",
        is_flag=True,
        help="All variants of these backends that this machine can run.",
    ),
)
_CHECKS = (
    click.option(
        "--op",
        "ops",
        multiple=True,
        shell_complete=choose.complete(lambda: OPS),
        help="An op, such as backprop_input; repeat.",
    ),
    click.option("--method", "methods", multiple=True, help="A pattern of methods; repeat."),
    click.option("--dtype", "dtypes", multiple=True, type=click.Choice(DTYPES), help="Repeat."),
    click.option("-k", "keyword", default="", help="Words in the check id, with and, or, not, ()."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that narrow what is checked to a command."""
    command = checks(command)
    for option in reversed(_VARIANTS):
        command = option(command)
    return command


def checks(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add those that do not say which variants."""
    for option in reversed(_CHECKS):
        command = option(command)
    return command


def selection(given: dict[str, Any], *, relations: bool, ordinary: bool = True) -> Selection:
    """Return what the options of ``options`` select. Raises ``UsageError`` for a bad ``-k``."""
    from convergent.harness.expression import keyword
    from convergent.harness.plan import Selection

    try:
        keyword(given["keyword"])
    except (ValueError, RecursionError) as error:
        raise click.UsageError(str(error)) from error
    return Selection(
        ops=given["ops"],
        methods=given["methods"],
        dtypes=given["dtypes"],
        keyword=given["keyword"],
        relations=relations,
        ordinary=ordinary,
    )


def wanted(given: dict[str, Any]) -> Callable[[Outcome], bool] | None:
    """Return what lets through the outcomes that the options select; None lets all through."""
    from convergent.cases.text import parse
    from convergent.harness.expression import keyword

    chosen = selection(given, relations=True)
    if not chosen.narrows:
        return None
    words = keyword(chosen.keyword)

    def through(o: Outcome) -> bool:
        patterns = chosen.methods or ("*",)
        return (
            (not chosen.ops or o.op in chosen.ops)
            and any(fnmatch.fnmatchcase(n, p) for p in patterns for n in (o.method, o.key))
            and (not chosen.dtypes or parse(o.case).dtype in chosen.dtypes)
            and words(o.id)
        )

    return through
