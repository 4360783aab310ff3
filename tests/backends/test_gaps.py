"""Every declared gap is real: asked all the same, the framework raises what the gap says.

What a method can never express (its interface has no word for it) may be answered instead, but
then with something else. What is not worth its time (``notimpl``) is not asked. A gap of some modes
is asked in the variant of these modes.
"""

import functools

import pytest

from convergent.backends import registry
from convergent.cases import data, suites
from convergent.harness import environment
from convergent.harness.judge import judge
from convergent.harness.outcome import PASSING
from convergent.harness.referee import Referee, asks
from convergent.harness.worker.client import Client

MOST_CASES = 3
LIMIT = 60.0  # seconds
SUITES = ("smoke", "ci", "special", "contracts", "gaps")
REFEREE = Referee()

DECLARED = [
    pytest.param(name, gap, id=f"{name}-{number}-{gap.methods[0]}")
    for name in registry.names()
    for number, gap in enumerate(registry.get(name).gaps)
]


def variant_of(name, gap):
    """Return the variant in which a gap holds: that of the modes that it asks for."""
    words = [mode.name for mode in registry.get(name).modes if mode.name in gap.when]
    return ":".join([name, "+".join(words)] if words else [name])


@pytest.fixture(scope="module")
def clients():
    started = {}
    yield started
    for client in started.values():
        client.close()


@functools.cache
def checks_of(name):
    """Return every check of the suites that this variant is asked, and the gap that forbids it."""
    backend = registry.variant(name)
    cases = dict.fromkeys(case for suite in SUITES for case in suites.load(suite))
    asked = [(key, case) for case in cases for key in backend.methods() if asks(case, _op(key))]
    return [(key, case, backend.gap(key, case)) for key, case in asked]


def cases_of(name, gap):
    """Return checks that this gap forbids, those that it is the first to forbid if there are."""
    traits = registry.variant(name).traits
    forbidden = {}
    for key, case, first in checks_of(name):
        if first is gap:
            forbidden.setdefault(key, []).append(case)
    if not forbidden:
        for key, case, _ in checks_of(name):
            if gap.covers(key, case, traits):
                forbidden.setdefault(key, []).append(case)
    return [(key, case) for key, cases in forbidden.items() for case in cases[:MOST_CASES]]


def _op(key):
    return key.partition("/")[0]


@pytest.mark.parametrize(("name", "gap"), DECLARED)
def test_a_declared_gap_is_real(name, gap, clients):
    if registry.version(name) is None:
        pytest.skip(f"{name} is not installed")
    if gap.kind == "notimpl" and not gap.raises:
        pytest.skip("ours, not the framework's: there is nothing that it would refuse")
    name = variant_of(name, gap)
    asked = registry.variant(name)
    if not environment.has(asked.needs):
        pytest.skip(f"needs {', '.join(asked.needs)}")
    if elsewhere := set(gap.when) & set(asked.backend.trait_words) - asked.traits:
        pytest.skip(f"not of this machine: {', '.join(elsewhere)}")
    checks = cases_of(name, gap)
    assert checks, f"no case of {', '.join(SUITES)} shows this gap: {gap.methods} {gap.when}"
    if name not in clients:
        clients[name] = Client(name)
    client = clients[name]
    for key, case in checks:
        client.take(case, data.make(case), LIMIT)
        client.send(key, LIMIT)
        answer = client.answer(LIMIT)
        closed = f"the gap closed: {name} {key} {case} ({gap.reason})"
        if answer.header["is"] == "raised":
            said = answer.header["message"]
            first = asked.gap(key, case)
            assert said.startswith(first.raises), f"{key} {case}: {said}"
            continue
        assert gap.kind == "never", closed
        found = judge(REFEREE, case, key, answer)
        assert found.verdict not in PASSING, closed
