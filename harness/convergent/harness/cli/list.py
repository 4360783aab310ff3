"""``convergent list``: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable

import click

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases import suites
from convergent.cases.errors import BackendUnavailable
from convergent.cases.features import FEATURES
from convergent.harness import environment
from convergent.harness.cli import choose
from convergent.harness.relations import RELATIONS

WHAT = (
    "backends",
    "variants",
    "modes",
    "methods",
    "ops",
    "suites",
    "cases",
    "features",
    "relations",
)


@click.command(
    "list",
    epilog="\b\nExamples:\n  convergent list backends\n  convergent list methods --backend torch\n"
    "  convergent list cases --suite smoke",
)
@click.argument("what", type=click.Choice(WHAT))
@click.option("--suite", default="ci", help="Whose cases.  [default: ci]")
@click.option(
    "--backend", "backends", multiple=True, help="Whose methods, modes, variants. [default: all]"
)
def command(what: str, suite: str, backends: tuple[str, ...]) -> None:
    """List backends, variants, modes, methods, ops, suites, cases, features or relations."""
    named = backends or tuple(registry.names())
    lines: dict[str, Callable[[], list[str]]] = {
        "backends": _backends,
        "variants": lambda: [line for name in named for line in _variants(name)],
        "modes": lambda: [line for name in named for line in _modes(name)],
        "methods": lambda: _methods(named),
        "ops": lambda: [f"{op:28}{' x '.join(roles)}" for op, roles in OPS.items()],
        "suites": lambda: [
            f"{name:12}{len(suites.load(name)):5} cases  {suites.describe(name)}"
            for name in suites.names()
        ],
        "cases": lambda: [
            f"{case}  # {comment}" if comment else str(case)
            for case, comment in suites.commented(suite)
        ],
        "relations": lambda: [f"{r.name:20}{r.meaning}" for r in RELATIONS.values()],
        "features": lambda: [f"{word:24}{meaning}" for word, (meaning, _) in FEATURES.items()],
    }
    for line in lines[what]():
        click.echo(line)


def _backends() -> list[str]:
    lines = [f"{'numpy':12} the oracle"]
    for name in registry.names():
        try:
            count = f"{len(registry.get(name).methods()):3} methods"
        except BackendUnavailable:
            count = ""
        state = registry.version(name) or f"not installed: {choose.way(name)}"
        lines.append(f"{name:12} {count}  {state}")
    return lines


def _variants(name: str) -> list[str]:
    lines = []
    for variant in choose.declared(name):
        lacks = "" if environment.has(variant.needs) else f" (needs {', '.join(variant.needs)})"
        meaning = "; ".join(mode.meaning for mode in variant.modes) or "as a user runs it"
        lines.append(f"{variant.name:32}{meaning}{lacks}")
    return lines


def _modes(name: str) -> list[str]:
    return [f"{name}:{mode.name:24}{mode.meaning}" for mode in registry.get(name).modes]


def _methods(names: tuple[str, ...]) -> list[str]:
    return [
        f"{name:12}{key:44}{next(iter((method.function.__doc__ or '').strip().splitlines()), '')}"
        for name in names
        for key, method in registry.get(name).methods().items()
    ]
