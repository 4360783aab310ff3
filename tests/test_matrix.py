"""Every method of every installed backend on every case of a suite; ids are check ids.

``pytest tests/test_matrix.py -k "torch and backprop_input" -n 2``; ``--suite ci`` for another,
``--all-variants`` for every mode too.
"""

import fnmatch
import os

import pytest

from convergent.cases import suites
from convergent.harness import plan
from convergent.harness.ask import Asker
from convergent.harness.cli import choose

SUITES = ("smoke", "contracts")
# Of odd numbers and odd memory, by default, the ways that have a kernel of their own: the others
# are made of these. ``--suite special`` asks all of them.
WITH_KERNELS = (
    *("native", "autodiff", "aten", "raw_op", "fused_pad", "via_conv", "unfold", "fold", "patches"),
    *("layer", "per_sample", "sum", "correlate", "convolve*", "sparse_matrix"),
)


def pytest_generate_tests(metafunc):
    if "check" not in metafunc.fixturenames:
        return
    variants = choose.variants((), every=metafunc.config.getoption("all_variants"))
    names = metafunc.config.getoption("suite")
    checks = list(checks_of(variants, names or SUITES))
    if not names:
        checks += checks_of(variants, ["special"], WITH_KERNELS)
    metafunc.parametrize("check", checks)


def checks_of(variants, names, methods=("*",)):
    """Yield a parameter for every check of the suites; its id is the check's."""
    cases = list(dict.fromkeys(case for name in names for case in suites.load(name)))
    for variant, works in plan.plan(variants, cases, plan.Selection()).items():
        for key, case in ((key, work.case) for work in works for key in work.keys):
            if any(fnmatch.fnmatchcase(key.partition("/")[2], pattern) for pattern in methods):
                yield pytest.param((variant, key, case), id=f"{variant}/{key}/{case}")


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
