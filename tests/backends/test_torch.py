"""PyTorch's modes change which kernel computes, and the adapter says which one did."""

import pytest

from convergent.backends import registry
from convergent.cases.errors import BackendUnavailable
from convergent.cases.text import parse
from convergent.harness.ask import Asker

SMALL, BATCHED = "conv2d:n2_i5x6_c3_k3x2_o4", "conv2d:n16_i8_c16_k3_o16_p1_nchw_normal"

pytestmark = pytest.mark.skipif(registry.version("torch") is None, reason="torch is not installed")


@pytest.fixture(scope="module")
def ask():
    with Asker() as asker:
        yield asker


@pytest.mark.parametrize(
    ("variant", "key", "line", "kernel"),
    [
        ("torch:no_onednn", "conv/native", SMALL, "Slow2d"),
        ("torch:no_onednn", "conv/native", BATCHED, "NnpackSpatial"),
        ("torch:no_onednn+no_nnpack", "conv/native", BATCHED, "Slow2d"),
        ("torch:no_onednn", "transpose/native", SMALL, "SlowTranspose2d"),
        ("torch:no_onednn", "backprop_filter/aten", SMALL, "Slow2d"),
        ("torch", "conv/native", "conv2d:i7_k2_d2_float64", "SlowDilated2d"),
    ],
)
def test_a_kernel_of_its_own_is_named(ask, variant, key, line, kernel):
    assert ask(variant, key, parse(line)).kernel == kernel


def test_a_kernel_of_onednn_is_named_as_it_names_itself(ask):
    if not ask(variant := "torch", "conv/native", case := parse(SMALL)).kernel.startswith("onednn"):
        pytest.skip(f"{variant} has no oneDNN here")
    both = ask(variant, "backprop_input/aten_both", case).kernel
    assert both.count("onednn ") == 2


@pytest.mark.parametrize("op", ["conv", "backprop_input", "backprop_filter"])
@pytest.mark.parametrize("line", ["conv1d:n2_i11_c3_k3_o4_p2+0", "conv1d:n2_i2_c3_k3_o4_ncw"])
def test_a_sequence_with_time_first_is_one_more_way(ask, op, line):
    assert ask("torch", f"{op}/tbc", parse(line)).verdict == "agrees"


def test_a_device_that_is_not_there_is_said(ask):
    if ask("torch", "conv/native", parse(SMALL)) and ask.loaded["torch"].loaded["cuda_available"]:
        pytest.skip("there is one")
    with pytest.raises(BackendUnavailable, match="needs a CUDA device"):
        ask("torch:cuda", "conv/native", parse(SMALL))
