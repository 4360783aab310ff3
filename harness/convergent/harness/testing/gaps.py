"""Whether a declared gap is real: asked all the same, the framework raises what the gap says.

What a method can never express (its interface has no word for it) may be answered instead, but
then with something else. What is not worth its time (``notimpl``) is not asked. A gap of some modes
is asked in the variant of these modes.
"""

from __future__ import annotations

import functools

from convergent.backends import registry
from convergent.backends.base import Gap
from convergent.cases import suites
from convergent.cases.case import Case
from convergent.harness import environment
from convergent.harness.judge import judge
from convergent.harness.outcome import PASSING
from convergent.harness.referee import Referee, asks
from convergent.harness.worker.client import Answer

MOST_CASES = 3
SUITES = ("smoke", "ci", "special", "contracts", "gaps")

Asked = tuple[str, Case]


def variant_of(backend: str, gap: Gap) -> str:
    """Return the variant in which a gap holds: that of the modes that it asks for."""
    words = [mode.name for mode in registry.get(backend).modes if mode.name in gap.when]
    return ":".join([backend, "+".join(words)] if words else [backend])


def not_asked(name: str, gap: Gap) -> str:
    """Say why a variant cannot be asked for a gap here; empty if it can."""
    if gap.kind == "notimpl" and not gap.raises:
        return "ours, not the framework's: there is nothing that it would refuse"
    asked = registry.variant(name)
    if not environment.has(asked.needs):
        return f"needs {', '.join(asked.needs)}"
    if elsewhere := set(gap.when) & set(asked.backend.trait_words) - asked.traits:
        return f"not of this machine: {', '.join(elsewhere)}"
    return ""


def shown_by(name: str, gap: Gap, more: tuple[Case, ...] = ()) -> list[Asked]:
    """Return checks of the suites, and of ``more`` cases, that this gap of a variant forbids.

    They are those that it is the first to forbid, if there are such.
    """
    traits = registry.variant(name).traits
    every = _every(name, more)
    first = [(key, case) for key, case, found in every if found is gap]
    forbidden = first or [(key, case) for key, case, _ in every if gap.covers(key, case, traits)]
    cases: dict[str, list[Case]] = {}
    for key, case in forbidden:
        cases.setdefault(key, []).append(case)
    return [(key, case) for key, found in cases.items() for case in found[:MOST_CASES]]


def fault(name: str, gap: Gap, asked: Asked, answer: Answer, referee: Referee) -> str:
    """Say what is wrong with a gap in the light of an answer; empty if nothing is."""
    key, case = asked
    if answer.header["is"] == "raised":
        first = registry.variant(name).gap(key, case)
        assert first is not None
        if answer.message.startswith(first.raises):
            return ""
        return f"{name} {key} {case} was to raise {first.raises}: {answer.message}"
    if gap.kind == "never" and judge(referee, case, key, answer).verdict not in PASSING:
        return ""
    return f"the gap closed: {name} {key} {case} ({gap.reason})"


@functools.cache
def _every(name: str, more: tuple[Case, ...]) -> list[tuple[str, Case, Gap | None]]:
    """Return every check of the suites that this variant is asked, and the gap that forbids it."""
    asked = registry.variant(name)
    own = (case for suite in SUITES for case in suites.load(suite))
    cases = dict.fromkeys((*own, *more))
    methods = asked.methods().values()
    checks = [(method.key, case) for case in cases for method in methods if asks(case, method.op)]
    return [(key, case, asked.gap(key, case)) for key, case in checks]
