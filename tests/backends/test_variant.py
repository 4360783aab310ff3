"""A variant's environment: what its modes set, added to what was there where they say so."""

import pytest

from convergent.backends import registry


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "--xla_cpu_multi_thread_eigen=false"),
        ("--xla_dump_to=/tmp/x", "--xla_dump_to=/tmp/x --xla_cpu_multi_thread_eigen=false"),
    ],
)
def test_a_mode_adds_its_flags_to_the_users(monkeypatch, before, after):
    if before is None:
        monkeypatch.delenv("XLA_FLAGS", raising=False)
    else:
        monkeypatch.setenv("XLA_FLAGS", before)
    assert registry.variant("jax:threads1").environment == {"NPROC": "1", "XLA_FLAGS": after}


def test_two_modes_that_add_to_one_variable_both_do(monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    flags = registry.variant("jax:threads1+deterministic").environment["XLA_FLAGS"].split()
    assert flags == ["--xla_gpu_deterministic_ops=true", "--xla_cpu_multi_thread_eigen=false"]


@pytest.mark.parametrize("value", ["0", "false", "off"])
def test_jax_without_64_bit_types_is_known_by_the_users_variable_too(monkeypatch, value):
    monkeypatch.setenv("JAX_ENABLE_X64", value)
    assert "x32" in registry.variant("jax").traits
    monkeypatch.delenv("JAX_ENABLE_X64")
    assert "x32" not in registry.variant("jax").traits
    assert "x32" in registry.variant("jax:x32").traits
