"""Is autodiff the fastest way to a gradient? Each method beside it, on the very same cases."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping

from convergent.cases.record import record
from convergent.harness.outcome import Outcome

OPS = ("backprop_input", "backprop_filter", "backprop_bias")
BESIDE = "autodiff"
CLOSE = 1.05
"""A ratio of times below this (and above its inverse) is no difference that a run can show."""


@record
class Pace:
    """A method's time as a multiple of autodiff's: the median over the cases that both computed.

    ``seconds`` is the method's own median on these cases; all times are those of a second call,
    which finds everything compiled.
    """

    ratio: float
    seconds: float
    cases: int

    @property
    def word(self) -> str:
        """``faster``, ``slower`` or ``close``."""
        return "slower" if self.ratio > CLOSE else "faster" if self.ratio < 1 / CLOSE else "close"


@record
class Race:
    """The methods of one op, by variant; ``autodiff`` holds its own median seconds."""

    op: str
    variants: tuple[str, ...]
    autodiff: Mapping[str, float]
    methods: Mapping[str, Mapping[str, Pace]]

    def beaten(self, variant: str, least: int = 5) -> list[tuple[str, Pace]]:
        """Return the methods that are faster on ``least`` cases or more, the fastest first."""
        found = [(m, paces[variant]) for m, paces in self.methods.items() if variant in paces]
        faster = [(m, p) for m, p in found if p.word == "faster" and p.cases >= least]
        return sorted(faster, key=lambda pair: pair[1].ratio)


class Times:
    """Gathers the times of gradients one by one."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, dict[str, dict[str, float]]]] = {op: {} for op in OPS}

    def add(self, o: Outcome) -> None:
        """Take one outcome."""
        if o.op in self._found and o.again > 0 and o.verdict != "raised":
            methods = self._found[o.op].setdefault(o.method, {})
            methods.setdefault(o.variant, {})[o.case] = o.again

    def races(self, order: Iterable[str]) -> tuple[Race, ...]:
        """Return a race per op in which autodiff and another method took part."""
        races = (self._race(op, tuple(order)) for op in OPS)
        return tuple(race for race in races if race.methods)

    def _race(self, op: str, order: tuple[str, ...]) -> Race:
        found = self._found[op]
        beside = found.get(BESIDE, {})
        methods: defaultdict[str, dict[str, Pace]] = defaultdict(dict)
        for method, variants in sorted(found.items()):
            for variant in variants.keys() & beside.keys() if method != BESIDE else ():
                shared = variants[variant].keys() & beside[variant].keys()
                if shared:
                    own, other = variants[variant], beside[variant]
                    methods[method][variant] = Pace(
                        ratio=statistics.median(own[case] / other[case] for case in shared),
                        seconds=statistics.median(own[case] for case in shared),
                        cases=len(shared),
                    )
        return Race(
            op=op,
            variants=tuple(name for name in order if any(name in m for m in methods.values())),
            autodiff={name: statistics.median(times.values()) for name, times in beside.items()},
            methods=dict(methods),
        )
