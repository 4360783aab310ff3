"""Which checks a run consists of: cases x methods of each variant, narrowed by a selection."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from convergent.backends import registry
from convergent.backends.base import OPS, Method
from convergent.backends.variant import Variant
from convergent.cases.case import Case
from convergent.cases.errors import UnknownMethod
from convergent.harness import relations
from convergent.harness.expression import keyword
from convergent.harness.record import Whole, combined
from convergent.harness.referee import asks, refuses


class Work(NamedTuple):
    """What one variant has to do for one case: ``op/method`` keys, in order."""

    case: Case
    keys: list[str]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a run; empty fields let everything through.

    ``methods`` are patterns of the method's name or of ``op/method``; ``keyword`` is an expression
    of substrings of the check id with ``and``, ``or``, ``not`` and parentheses, as pytest's ``-k``.

    ``relations`` adds the relations of each method; without ``ordinary`` nothing else is checked.
    A pattern of methods may ask for relations by name: ``conv/native@batch_*``.
    """

    ops: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    keyword: str = ""
    relations: bool = False
    ordinary: bool = True

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        chosen = self.ops or self.methods or self.dtypes or self.keyword
        return bool(chosen) or not self.ordinary


def plan(
    variants: Sequence[str], cases: Sequence[Case], selection: Selection
) -> dict[str, list[Work]]:
    """Return what each variant has to do, in the order of the suite.

    Raises ``UnknownBackend``, and ``UnknownMethod`` if an op or a pattern of methods fits nothing.
    """
    _check_names(variants, selection)
    planned: dict[str, list[Work]] = {}
    for variant in variants:
        asked = keys(variant, selection)
        works = (Work(case, asked(case)) for case in cases)
        planned[variant] = [work for work in works if work.keys]
    return planned


def keys(variant: str, selection: Selection) -> Callable[[Case], list[str]]:
    """Return what names the checks of a case by ``variant`` that ``selection`` lets through."""
    asked, wanted = registry.variant(variant), keyword(selection.keyword)
    chosen = [m for m in asked.methods().values() if _chosen(m.op, m.name, selection)]

    def of(case: Case) -> list[str]:
        if selection.dtypes and case.dtype not in selection.dtypes:
            return []
        line = str(case)
        every = (_keys(asked, m, case, selection) for m in chosen if asks(case, m.op))
        return [key for found in every for key in found if wanted(f"{variant}/{key}/{line}")]

    return of


def count(planned: dict[str, list[Work]]) -> dict[str, int]:
    """Return the number of checks of each variant."""
    return {variant: sum(len(w.keys) for w in works) for variant, works in planned.items()}


def digest(planned: Mapping[str, Iterable[Work]]) -> str:
    """Return a hash of every planned check: what a resumed run must have in common."""
    return combined({variant: _digest(works) for variant, works in planned.items()})


def wholes(planned: Mapping[str, Sequence[Work]]) -> dict[str, Whole]:
    """Return the hash of each variant's checks and their number: what merged runs have in common.

    No variant's hash depends on the others, so that runs of different variants merge.
    """
    return {
        variant: Whole(digest=_digest(works), checks=sum(len(work.keys) for work in works))
        for variant, works in planned.items()
    }


def _digest(works: Iterable[Work]) -> str:
    hashed = hashlib.blake2b(digest_size=8)
    for work in works:
        hashed.update(f"{work.case} {' '.join(work.keys)}\n".encode())
    return hashed.hexdigest()


def _chosen(op: str, name: str, selection: Selection) -> bool:
    if selection.ops and op not in selection.ops:
        return False
    return bool(_asked(op, name, selection))


def _asked(op: str, name: str, selection: Selection) -> set[str]:
    """Return patterns of the relations that a method is asked for; the empty one is its own."""
    patterns = map(relations.split, selection.methods or ("*",))
    return {
        relation
        for method, relation in patterns
        if fnmatch.fnmatchcase(name, method) or fnmatch.fnmatchcase(f"{op}/{name}", method)
    }


def _keys(asked: Variant, method: Method, case: Case, selection: Selection) -> list[str]:
    """Return the checks of one method: itself, its relations, or both.

    What is too large for the oracle is judged by the relations alone, if it has any.
    """
    patterns = _asked(method.op, method.name, selection)
    too_large = bool(refuses(case)) and not refuses(case, related=True)
    if "" in patterns and (selection.relations or too_large):
        patterns = {"", "*"}
    related = _relations(asked, method, case, patterns) if patterns != {""} else []
    own = "" in patterns and selection.ordinary and not (too_large and related)
    return [method.key, *related] if own else related


def _relations(asked: Variant, method: Method, case: Case, patterns: set[str]) -> list[str]:
    return [
        key
        for key in relations.keys(asked, method.key, case)
        if any(fnmatch.fnmatchcase(relations.split(key)[1], pattern) for pattern in patterns)
    ]


def _check_names(variants: Iterable[str], selection: Selection) -> None:
    for op in selection.ops:
        if op not in OPS:
            raise UnknownMethod(f"{op!r} is no op; the ops are {', '.join(OPS)}")
    for pattern in selection.methods:
        alone = Selection(methods=(pattern,))
        every = (m for v in variants for m in registry.variant(v).methods().values())
        if not any(_chosen(m.op, m.name, alone) for m in every):
            raise UnknownMethod(f"no method fits {pattern!r}; see convergent list methods")
        relation = relations.split(pattern)[1]
        if relation and not fnmatch.filter(relations.RELATIONS, relation):
            raise UnknownMethod(f"no relation fits {pattern!r}; see convergent list relations")
