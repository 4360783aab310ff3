"""Every declared gap is real: asked all the same, the framework raises what the gap says.

What a method can never express (its interface has no word for it) may be answered instead, but
then with something else.
"""

import pytest

from convergent.backends import registry
from convergent.cases import data, suites
from convergent.harness.judge import judge
from convergent.harness.outcome import PASSING
from convergent.harness.referee import Referee
from convergent.harness.worker.client import Client

MOST_CASES = 3
LIMIT = 60.0  # seconds
REFEREE = Referee()

DECLARED = [
    pytest.param(name, gap, id=f"{name}-{number}-{gap.methods[0]}")
    for name in registry.names()
    for number, gap in enumerate(registry.get(name).gaps)
]


@pytest.fixture(scope="module")
def clients():
    started = {}
    yield started
    for client in started.values():
        client.close()


def cases_of(name, gap):
    """Return checks that this gap forbids, those that it is the first to forbid if there are."""
    backend = registry.variant(name)
    found, shadowed = {}, {}
    for case in [*suites.load("smoke"), *suites.load("ci"), *suites.load("gaps")]:
        for key in backend.methods():
            if backend.gap(key, case) is gap:
                found.setdefault(key, []).append(case)
            elif gap.covers(key, case, registry.variant(name).traits):
                shadowed.setdefault(key, []).append(case)
    forbidden = (found or shadowed).items()
    return [(key, case) for key, cases in forbidden for case in cases[:MOST_CASES]]


@pytest.mark.parametrize(("name", "gap"), DECLARED)
def test_a_declared_gap_is_real(name, gap, clients):
    if registry.version(name) is None:
        pytest.skip(f"{name} is not installed")
    asked = registry.variant(name)
    if elsewhere := set(gap.when) & set(asked.backend.trait_words) - asked.traits:
        pytest.skip(f"not of this machine: {', '.join(elsewhere)}")
    checks = cases_of(name, gap)
    assert checks, f"no case of smoke, ci or gaps shows this gap: {gap.methods} {gap.when}"
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
