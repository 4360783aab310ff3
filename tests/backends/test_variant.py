"""A variant's environment: what its modes set, added to what was there where they say so."""

import pytest

from convergent.backends import naming, registry
from convergent.cases.errors import UnknownBackend


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


@pytest.mark.parametrize(
    ("text", "backend", "plain"),
    [
        ("torch", "torch", "torch"),
        ("torch:compile", "torch", "torch:compile"),
        ("torch==2.12.1", "torch", "torch"),
        ("jax==0.9.2:jit+highest", "jax", "jax:jit+highest"),
        ("torch==2.13.0+cpu:no_onednn", "torch", "torch:no_onednn"),
        ("tensorflow-cpu==2.20.0:xla", "tensorflow", "tensorflow:xla"),
        ("torch@/opt/a:b/bin/python", "torch", "torch"),
        ("torch@/opt/a:b/bin/python:no_onednn", "torch", "torch:no_onednn"),
    ],
)
def test_a_name_says_backend_source_and_modes_and_is_written_as_it_was_read(text, backend, plain):
    variant = registry.variant(text)
    assert (variant.name, variant.backend.name, variant.plain) == (text, backend, plain)
    assert (registry.backend_of(text), registry.plain(text)) == (backend, plain)
    assert str(naming.split(text)) == text


def test_a_version_of_a_backend_is_of_its_first_distribution():
    assert registry.variant("tensorflow==2.20.0").name == "tensorflow==2.20.0"
    assert registry.variant("scipy==1.11.4").name == "scipy==1.11.4"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("torch==", "is no version"),
        ("torch==two", "is no version"),
        ("torch@", "names no interpreter"),
        ("torch@:compile", "names no interpreter"),
        ("torch:", "names no mode"),
        ("nobody==1.0", "no backend is called 'nobody'"),
    ],
)
def test_what_is_no_name_is_refused_with_the_way_out(text, said):
    with pytest.raises(UnknownBackend, match=said):
        registry.variant(text)


def test_the_name_of_an_unknown_backend_of_a_run_file_stays_as_it_is():
    assert registry.plain("somebody:else") == "somebody:else"
    assert registry.plain("torch@") == "torch@"
