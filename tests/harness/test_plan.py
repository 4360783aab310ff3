"""Selections and the keyword expression."""

import pytest

from convergent.cases.errors import UnknownBackend, UnknownMethod
from convergent.cases.text import parse
from convergent.harness import plan
from convergent.harness.expression import keyword

CASES = [parse("conv1d:i5_k2"), parse("conv1d:i5_k2_float16")]


def keys(**fields):
    planned = plan.plan(["torch"], CASES, plan.Selection(**fields))
    return [f"{key} {work.case.dtype}" for work in planned["torch"] for key in work.keys]


@pytest.mark.parametrize(
    ("expression", "text", "holds"),
    [
        ("", "anything", True),
        ("torch", "torch/conv", True),
        ("TORCH and conv", "torch/conv", True),
        ("torch and not conv", "torch/conv", False),
        ("not (jax or torch)", "torch/conv", False),
        ("jax or torch and conv", "torch/conv", True),
        ("i9x10", "torch/conv/native/conv2d:i9x10_k3", True),
    ],
)
def test_keyword_expressions(expression, text, holds):
    assert keyword(expression)(text) is holds


@pytest.mark.parametrize("expression", ["and", "torch and", "(torch", "torch)", "not", "or x"])
def test_a_bad_keyword_expression_is_said(expression):
    with pytest.raises(ValueError, match="-k"):
        keyword(expression)


def test_dtype_op_and_method_narrow_a_run():
    assert all("float16" in key for key in keys(dtypes=("float16",)))
    assert all(key.startswith("conv/") for key in keys(ops=("conv",)))
    assert keys(methods=("conv/native",)) == ["conv/native float32", "conv/native float16"]


def test_unknown_names_are_said():
    with pytest.raises(UnknownMethod, match="no op"):
        keys(ops=("convolve",))
    with pytest.raises(UnknownMethod, match="no method fits"):
        keys(methods=("conv/magic",))
    with pytest.raises(UnknownBackend, match="caffe"):
        plan.plan(["caffe"], CASES, plan.Selection())


def test_the_digest_of_a_plan_sees_every_check():
    whole = plan.plan(["torch"], CASES, plan.Selection())
    assert plan.digest(whole) != plan.digest(plan.plan(["torch"], CASES[:1], plan.Selection()))
    assert plan.digest(whole) == plan.digest(plan.plan(["torch"], CASES, plan.Selection()))


def test_jacobians_are_asked_of_small_cases_alone():
    big = parse("conv2d:i32_c8_k3_o8")
    planned = plan.plan(["torch"], [big], plan.Selection())
    assert not any("jacobian" in key.partition("/")[0] for key in planned["torch"][0].keys)
