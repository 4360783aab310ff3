"""Every entry of the ledger is true today: its example shows what it says."""

import pytest
from packaging.specifiers import SpecifierSet

from convergent.backends import registry
from convergent.cases.features import FEATURES
from convergent.cases.text import parse
from convergent.harness import environment, ledger
from convergent.harness.ask import Asker

ENTRIES = [
    pytest.param(entry, id=f"{entry.variant}/{entry.example}") for entry in ledger.load().entries
]


@pytest.fixture(scope="module")
def ask():
    with Asker() as asker:
        yield asker


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_known_divergence_is_shown_by_its_example(entry, ask):
    version = registry.version(entry.variant)
    if version is None:
        pytest.skip(f"{entry.variant} is not installed")
    if not SpecifierSet(entry.versions).contains(version, prereleases=True):
        pytest.skip(f"{entry.variant} {version} is not {entry.versions}")
    asked = registry.variant(entry.shown_in)
    if not environment.has(asked.needs):
        pytest.skip(f"needs {', '.join(asked.needs)}")
    here = asked.traits
    if elsewhere := set(entry.when) - set(FEATURES) - here:
        pytest.skip(f"not of this machine: {', '.join(elsewhere)}")
    op, method, line = entry.example.split("/")
    outcome = ask(entry.shown_in, f"{op}/{method}", parse(line))
    if outcome.verdict == "unsupported" and here:
        pytest.skip(f"a gap of this machine: {', '.join(here)}")
    if outcome.verdict == "agrees" and not entry.strict:
        pytest.skip("depends on the processor; it agrees on this one")
    assert outcome.known, outcome.sentence
    assert entry.allows(outcome)
