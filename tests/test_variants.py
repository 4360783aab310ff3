"""Every variant that this machine can run: its switches are on, and its first methods agree."""

import pytest

from convergent.backends import registry
from convergent.cases.text import parse
from convergent.harness import environment
from convergent.harness.ask import Asker
from convergent.harness.cli import choose

INSTALLED = [name for name in registry.names() if registry.version(name)]
VARIANTS = [variant.name for name in INSTALLED for variant in choose.declared(name)]
CASES = [
    parse(line)
    for line in (
        "conv2d:n2_i5x6_c3_k3x2_o4",
        "conv2d:n2_i5x6_c3_k3x2_o4_normal",
        "conv1d:n2_i11_c3_k3_o4_p1_float64_normal",
    )
]
FIRST = ("native", "autodiff", "correlate", "sum")


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_runs_in_its_modes_and_agrees(name):
    variant = registry.variant(name)
    if not environment.has(variant.needs):
        pytest.skip(f"needs {', '.join(variant.needs)}")
    keys = [key for key, method in variant.methods().items() if method.name in FIRST]
    with Asker(repeat=2) as ask:
        for case in CASES:
            for key in keys:
                outcome = ask(name, key, case)
                if outcome.verdict != "unsupported":
                    outcome.check()
        loaded = ask.loaded[name].loaded
    assert set(loaded["modes"]) == {mode.name for mode in variant.modes}


def test_every_mode_is_in_some_variant_of_a_run_of_all():
    for name in INSTALLED:
        backend = registry.get(name)
        used = {word for variant in backend.variants for word in variant.split("+") if word}
        assert used == {mode.name for mode in backend.modes}


def test_modes_have_meanings_and_names_that_a_shell_leaves_alone():
    for name in INSTALLED:
        for mode in registry.get(name).modes:
            assert mode.meaning
            assert mode.name.replace("_", "").isalnum()
