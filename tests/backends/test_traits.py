"""What a processor lacks moves dtypes to other kernels, whose gaps and divergences then count."""

import pytest

from convergent.backends import processor, registry
from convergent.cases.text import parse

FULL = {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni", "avx512_bf16"}


@pytest.fixture
def has(monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    return lambda *flags: monkeypatch.setattr(processor, "flags", lambda: frozenset(flags))


def test_a_plain_processor_leaves_every_dtype_to_eigen(has):
    has("avx2", "fma")
    assert registry.variant("tensorflow").traits == {"eigen_float32", "eigen_bfloat16"}
    assert registry.variant("torch").traits == {"slow_float16", "slow_bfloat16"}


def test_a_full_processor_leaves_none_but_float16(has):
    has(*FULL)
    assert registry.variant("tensorflow").traits == set()
    assert registry.variant("torch").traits == {"slow_float16"}


def test_the_environment_decides_before_the_processor_does(has, monkeypatch):
    has(*FULL)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert "eigen_float32" in registry.variant("tensorflow").traits


def test_a_mode_moves_dtypes_whatever_the_processor_has(has):
    has(*FULL, "avx512_fp16")
    assert registry.variant("torch").traits == set()
    assert registry.variant("torch:no_onednn").traits > {"slow_float16", "slow_bfloat16"}


def test_a_gap_of_eigen_holds_where_eigen_computes(has):
    tensorflow, case = registry.variant("tensorflow"), parse("conv2d:i5_k2_nchw")
    has(*FULL)
    assert tensorflow.gap("conv/native", case) is None
    has("avx2")
    assert tensorflow.gap("conv/native", case) is not None
