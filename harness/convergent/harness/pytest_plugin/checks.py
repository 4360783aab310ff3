"""The checks of a run by their names: all of a plan, or those that are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases.case import Case
from convergent.cases.errors import UnknownMethod
from convergent.cases.text import parse
from convergent.harness import plan
from convergent.harness.cli import choose
from convergent.harness.plan import Selection


class Check(NamedTuple):
    """Who is asked what of which case."""

    variant: str
    key: str
    case: Case

    @property
    def id(self) -> str:
        """``torch/conv/native/conv1d:i3_k2``."""
        return f"{self.variant}/{self.key}/{self.case}"


def checks(
    variants: Sequence[str], cases: Sequence[Case], selection: Selection | None = None
) -> Iterator[Check]:
    """Yield every check of the cases, variant by variant, in the order of ``cases``.

    Raises ``UnknownBackend`` and ``UnknownMethod``.
    """
    for variant, works in plan.plan(variants, cases, selection or Selection()).items():
        for work in works:
            yield from (Check(variant, key, work.case) for key in work.keys)


def named(every: Sequence[Check], names: Iterable[str]) -> list[Check]:
    """Return the checks that ``names`` name, each once.

    A name is an id, or the beginning of one: ``torch/conv``. A whole id need not be of ``every``:
    it says all that there is to know. Raises a ``ConvergentError`` for what names nothing.
    """
    found: dict[Check, None] = {}
    for name in names:
        of_name = [check for check in every if _fits(check, name)] or [_parsed(name, every)]
        found.update(dict.fromkeys(of_name))
    return list(found)


def _fits(check: Check, name: str) -> bool:
    if name in (check.id, f"{check.id}@{check.variant}"):  # as xdist prints it, with its group
        return True
    return check.id.startswith(f"{name}/")


def _parsed(name: str, every: Sequence[Check]) -> Check:
    """Return the check of a whole id. Raises a ``ConvergentError`` for what is none."""
    parts = name.rsplit("/", 3)
    if len(parts) != len(("variant", "op", "method", "case")) or parts[1] not in OPS:
        way = "" if every else "; no cases are named: add --convergent=smoke, say"
        raise UnknownMethod(f"no check of this run is called {name!r}{way}")
    variant, op, method, line = parts
    key, (variant,) = f"{op}/{method}", choose.variants((variant,))
    case = parse(line.removesuffix(f"@{variant}"))
    if key.partition("@")[0] not in registry.variant(variant).methods():
        raise UnknownMethod(f"{variant} has no method {key!r}; see convergent list methods")
    return Check(variant, key, case)
