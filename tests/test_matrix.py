"""Every method of every installed backend on every case of a suite; ids are check ids.

``pytest tests/test_matrix.py -k "torch and backprop_input" -n 2``; ``--suite ci`` for another,
``--all-variants`` for every mode too.
"""

import fnmatch
import os
import zlib

import pytest

from convergent.cases import goldens, suites
from convergent.harness.ask import Asker
from convergent.harness.cli import choose
from convergent.harness.pytest_plugin.checks import checks
from convergent.harness.pytest_plugin.settle import settle

SUITES = ("smoke", "contracts")
# By default all is asked of the ways that have a kernel of their own. The others are made of these:
# of odd numbers, odd memory and the worked examples nothing is asked of them, of the rest a half,
# chosen by name. ``--suite smoke --suite special --suite sources`` asks everything of all.
WITH_KERNELS = (
    *("native", "autodiff", "aten", "raw_op", "fused_pad", "via_conv", "unfold", "fold", "patches"),
    *("layer", "per_sample", "sum", "correlate", "convolve*", "sparse_matrix", "jacrev", "tape"),
)


def pytest_generate_tests(metafunc):
    if "check" not in metafunc.fixturenames:
        return
    variants = choose.variants((), every=metafunc.config.getoption("all_variants"))
    names = metafunc.config.getoption("suite")
    found = checks(variants, cases_of(names or SUITES))
    if not names:
        examples = [goldens.get(name).case for name in goldens.names()]
        odd = checks(variants, cases_of(["special"]) + examples)
        found = [*filter(is_chosen, found), *filter(has_kernel, odd)]
    found = list(dict.fromkeys(found))
    metafunc.parametrize("check", found, ids=[check.id for check in found])


def cases_of(names):
    return list(dict.fromkeys(case for name in names for case in suites.load(name)))


def has_kernel(check):
    name = check.key.partition("/")[2]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in WITH_KERNELS)


def is_chosen(check):
    return has_kernel(check) or zlib.crc32(check.id.encode()) % 2 == 0


@pytest.fixture(scope="session")
def ask():
    with Asker(crowded="PYTEST_XDIST_WORKER" in os.environ) as asker:
        yield asker


def test_matrix(check, ask):
    settle(ask(*check))
