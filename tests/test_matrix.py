"""Every method of every installed backend on every case of a suite; ids are check ids.

``pytest tests/test_matrix.py -k "torch and backprop_input" -n 2``; ``--suite ci`` for another,
``--all-variants`` for every mode too.
"""

import os

import pytest

from convergent.cases import suites
from convergent.harness import plan
from convergent.harness.ask import Asker
from convergent.harness.cli import choose

SUITES = ("smoke", "special", "contracts")


def pytest_generate_tests(metafunc):
    if "check" not in metafunc.fixturenames:
        return
    variants = choose.variants((), every=metafunc.config.getoption("all_variants"))
    names = metafunc.config.getoption("suite") or SUITES
    cases = list(dict.fromkeys(case for name in names for case in suites.load(name)))
    planned = plan.plan(variants, cases, plan.Selection())
    checks = [
        pytest.param((variant, key, work.case), id=f"{variant}/{key}/{work.case}")
        for variant, works in planned.items()
        for work in works
        for key in work.keys
    ]
    metafunc.parametrize("check", checks)


@pytest.fixture(scope="session")
def ask():
    with Asker(crowded="PYTEST_XDIST_WORKER" in os.environ) as asker:
        yield asker


def test_matrix(check, ask):
    outcome = ask(*check)
    if outcome.verdict == "unsupported":
        pytest.skip(outcome.detail)
    if outcome.known:
        pytest.xfail(outcome.known)
    outcome.check()
