"""What checks cost, in seconds: as an earlier run measured, else by a table of measured means.

The table comes with this project (``costs.json``, written by ``benchmarks/costs.py``). It knows
each backend's methods, how many times as much a mode takes, and what a check costs beside the
framework's calls: the way to the worker and back, the oracle and the judgement. A cost is the same
on every machine: no trait of the machine, not even a gap that depends on one, counts.
"""

from __future__ import annotations

import fnmatch
import functools
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import msgspec

from convergent.backends import registry
from convergent.backends.base import Gap
from convergent.cases.case import Case
from convergent.cases.errors import BackendUnavailable, UnknownBackend
from convergent.harness import record, relations
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work

SOURCE = "costs.json"


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Measured means, in seconds.

    ``methods`` maps a backend and ``op/method`` to both calls of a check, ``modes`` a variant to
    the factor by which its calls take longer than the backend's own. ``check`` is what a check
    takes beside them, and ``product`` one multiplication of a case.
    """

    check: float
    product: float
    methods: dict[str, dict[str, float]]
    modes: dict[str, float]


class Costs:
    """The cost of a case's checks by a variant; ``earlier`` are outcomes that tell it better."""

    def __init__(self, earlier: Iterable[Outcome] = (), table: Table | None = None) -> None:
        self._table = table or load()
        self._measured: dict[tuple[str, str, str], float] = {}
        found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for o in earlier:
            variant, seconds = plain(o.variant), o.seconds + o.again
            self._measured[variant, o.key, o.case] = seconds
            if o.verdict != "unsupported":
                found[variant, o.key].append(seconds)
        self._medians = {place: statistics.median(all_) for place, all_ in found.items()}

    def __call__(self, variant: str, work: Work) -> float:
        """Return the seconds that ``variant`` will need for ``work``, about."""
        name, line, table = plain(variant), str(work.case), self._table
        total = 0.0
        for key in work.keys:
            if not _has_gap(name, relations.split(key)[0], work.case):
                seconds = self._measured.get((name, key, line))
                total += table.check + (self._guess(name, key) if seconds is None else seconds)
        return total + table.product * products(work.case)

    def _guess(self, variant: str, key: str) -> float:
        """Return what ``op/method`` takes where this very check was not measured."""
        if (variant, key) in self._medians:
            return self._medians[variant, key]
        backend, _, modes = variant.partition(":")
        methods = self._table.methods.get(backend, {})
        method = relations.split(key)[0]
        known = methods.get(key, methods.get(method))
        if known is None:
            known = statistics.fmean(methods.values()) if methods else self._table.check
        return known * self._factor(backend, modes)

    def _factor(self, backend: str, modes: str) -> float:
        """Return a variant's factor: the measured one, or that of its costliest mode."""
        factors = self._table.modes
        if not modes or f"{backend}:{modes}" in factors:
            return factors.get(f"{backend}:{modes}", 1.0)
        return max(factors.get(f"{backend}:{mode}", 1.0) for mode in modes.split("+"))


@functools.cache
def load() -> Table:
    """Return the table that comes with this project."""
    text = resources.files("convergent.harness").joinpath(SOURCE).read_bytes()
    return msgspec.json.decode(text, type=Table)


def measured(earlier: Path | None) -> Costs:
    """Return costs as the run file or folder ``earlier`` tells. Raises ``RunFileDamaged``."""
    if earlier is None:
        return Costs()
    return Costs(record.read(earlier / "run.jsonl" if earlier.is_dir() else earlier).outcomes)


plain = functools.cache(registry.plain)
"""A variant's name without version and interpreter."""


def products(case: Case) -> int:
    """Return how many multiplications a case has."""
    return math.prod(case.y_shape) * math.prod(case.w_shape[:-1])


@functools.cache
def _gaps(variant: str, key: str) -> tuple[tuple[Gap, ...], frozenset[str]]:
    """Return the gaps of ``op/method`` that do not depend on the machine, and the modes' words."""
    try:
        asked = registry.variant(variant)
    except (UnknownBackend, BackendUnavailable):
        return (), frozenset()
    words = frozenset(word for mode in asked.modes for word in (mode.name, *mode.traits))
    machine = set(asked.backend.trait_words) - words
    return tuple(
        gap
        for gap in asked.backend.gaps
        if machine.isdisjoint(gap.unless + gap.when)
        and any(fnmatch.fnmatchcase(key, pattern) for pattern in gap.methods)
    ), words


def _has_gap(variant: str, key: str, case: Case) -> bool:
    """Say whether a gap is declared that every machine has."""
    gaps, words = _gaps(variant, key)
    return any(gap.holds_for(case, words) for gap in gaps)
