"""``convergent list``: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases import suites
from convergent.cases.errors import BackendUnavailable
from convergent.cases.features import FEATURES
from convergent.cases.foreign import jsonl
from convergent.harness import environment
from convergent.harness.cli import choose
from convergent.harness.relations import RELATIONS

if TYPE_CHECKING:
    from convergent.cases.coverage import Coverage

_SIZES = {1: "levels", 2: "pairs", 3: "triples"}
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
    "coverage",
)


@click.command(
    "list",
    epilog="\b\nExamples:\n  convergent list backends\n  convergent list methods --backend torch\n"
    "  convergent list cases --suite smoke\n"
    "  convergent list cases --cases shapes.txt --format jsonl\n"
    "  convergent list coverage --suite edge --strength 3",
)
@click.argument("what", type=click.Choice(WHAT))
@click.option("--suite", help="Whose cases or coverage.  [default: ci; coverage: all]")
@click.option("--cases", "files", multiple=True, type=choose.FILE, help=choose.FILE_HELP)
@click.option(
    "--format", "form", type=click.Choice(("line", "jsonl")), default="line",
    help="Of cases: their lines, or JSON lines to hand on.  [default: line]",
)  # fmt: skip
@click.option(
    "--strength",
    type=click.IntRange(1, 3),
    help="Which combinations a suite lacks: pairs or triples.  [default: 2]",
)
@click.option(
    "--backend", "backends", multiple=True, help="Whose methods, modes, variants. [default: all]"
)
def command(  # noqa: PLR0913, PLR0917 - one parameter per option
    what: str,
    suite: str | None,
    files: tuple[Path, ...],
    form: str,
    strength: int | None,
    backends: tuple[str, ...],
) -> None:
    """List backends, variants, modes, methods, ops, suites, cases, coverage and the like."""
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
        "cases": lambda: _cases(suite or "ci", files, form),
        "relations": lambda: [f"{r.name:20}{r.meaning}" for r in RELATIONS.values()],
        "features": lambda: [f"{word:24}{meaning}" for word, (meaning, _) in FEATURES.items()],
        "coverage": lambda: _missing(suite, strength or 2) if suite else _coverage(strength),
    }
    for line in lines[what]():
        click.echo(line)


def _cases(suite: str, files: tuple[Path, ...], form: str) -> list[str]:
    said = [(case, "") for case in choose.read(files)] if files else suites.commented(suite)
    if form == "jsonl":
        return [jsonl.render(case) for case, _ in said]
    return [f"{case}  # {comment}" if comment else str(case) for case, comment in said]


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


def _coverage(strength: int | None) -> list[str]:
    """Return how much of what there is each suite covers."""
    from convergent.cases.coverage import coverage

    strengths = (strength,) if strength else (2, 3)
    lines = []
    for name in suites.names():
        cases = suites.load(name)
        found = (f"{_said(coverage(cases, n), n):44}" for n in strengths)
        lines.append(f"{name:12}{len(cases):5} cases  {''.join(found)}".rstrip())
    return lines


def _missing(suite: str, strength: int) -> list[str]:
    """Return what a suite covers, and every combination that it lacks."""
    from convergent.cases.coverage import coverage

    found = coverage(suites.load(suite), strength)
    lacks = (", ".join(f"{name} {level}" for name, level in sorted(c)) for c in found.missing)
    return [f"{suite}: {_said(found, strength)}", *(f"missing: {line}" for line in lacks)]


def _said(found: Coverage, strength: int) -> str:
    share = int(1000 * found.share) / 10  # rounded down: 100 % is all of them
    return f"{found.covered:,} of {found.feasible:,} {_SIZES[strength]} ({share:g} %)"
