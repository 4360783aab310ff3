"""JSON lines: what each key means, what contradicts itself, and the way back."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convergent.cases.case import MEMORY, SPECIAL
from convergent.cases.errors import InvalidCase
from convergent.cases.foreign.jsonl import beyond, case, render
from convergent.cases.foreign.row import load, unknown
from convergent.cases.strategies import cases
from convergent.cases.text import parse

PLAIN = {
    "kind": "conv", "n": 1, "ic": 2, "oc": 4, "groups": 1, "in": [8], "k": [3],
    "stride": [2], "dilation": [1], "pad_lo": [1], "pad_hi": [1],
}  # fmt: skip


def row(**changes):
    """Return the plain row with some keys changed, or left out where the change is ``None``."""
    changed = {**PLAIN, **{key.rstrip("_"): value for key, value in changes.items()}}
    return {key: value for key, value in changed.items() if value is not None}


def read(**changes):
    return str(case(load(json.dumps(row(**changes)))))


@given(
    cases(),
    st.sampled_from(MEMORY),
    st.sampled_from(["", "golden1", "golden12", *SPECIAL]),
    st.sampled_from([None, 0]),
)
@example(parse("conv1d:i8_k3_p0"), "plain", "", None)
@example(parse("conv2d:i2_k2_p0x1+-1"), "plain", "", 0)
def test_a_case_comes_back_from_its_line(drawn, memory, data, batch):
    drawn = drawn.replace(memory=memory, data=data or drawn.data)
    drawn = drawn if batch is None else drawn.replace(batch=batch)
    found = load(render(drawn))
    assert case(found) == drawn
    assert not beyond(found)
    assert not unknown(found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "conv1d:i8_c2_k3_o4_s2_p1"),
        ({"dims": 1, "name": "x", "source": None, "gmac": 0.5}, "conv1d:i8_c2_k3_o4_s2_p1"),
        ({"out": [4]}, "conv1d:i8_c2_k3_o4_s2_p1"),
        ({"pad_lo": None, "pad_hi": None, "padding": "VALID"}, "conv1d:i8_c2_k3_o4_s2"),
        ({"pad_lo": [0], "padding": "SAME"}, "conv1d:i8_c2_k3_o4_s2_pSAME"),
        ({"pad_hi": [0], "padding": "SAME_LOWER"}, "conv1d:i8_c2_k3_o4_s2_pSAMELOWER"),
        ({"pad_hi": [0]}, "conv1d:i8_c2_k3_o4_s2_p1+0"),
        ({"pad_hi": [0], "sym_pad_ok": True}, "conv1d:i8_c2_k3_o4_s2_p1"),
        ({"pad_hi": [0], "sym_pad_ok": False}, "conv1d:i8_c2_k3_o4_s2_p1+0"),
        ({"lhs_dilation": [1], "batch_groups": 1}, "conv1d:i8_c2_k3_o4_s2_p1"),
        ({"groups": 2, "dtype": "float16"}, "conv1d:i8_c2_k3_o4_g2_s2_p1_float16"),
        ({"layout": "channels_first", "data": "normal"}, "conv1d:i8_c2_k3_o4_s2_p1_ncw_normal"),
        ({"memory": "gapped", "seed": 7}, "conv1d:i8_c2_k3_o4_s2_p1_gapped_seed7"),
        ({"in_": [2], "k": [9], "out": [0]}, "conv1d:i2_c2_k9_o4_s2_p1"),
    ],
)
def test_a_convolution(changes, expected):
    if changes.get("out") == [0]:
        assert beyond(load(json.dumps(row(**changes)))) == "less than no output"
        return
    assert read(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "conv1d:i15_c4_k3_o2_s2_p1"),
        ({"out": [15]}, "conv1d:i15_c4_k3_o2_s2_p1"),
        ({"pad_hi": [0], "output_padding": [1], "out": [16]}, "conv1d:i16_c4_k3_o2_s2_p1"),
        ({"pad_hi": [-2], "output_padding": [3]}, "conv1d:i18_c4_k3_o2_s2_p1+-1"),
        ({"pad_lo": [0], "pad_hi": [-1]}, "conv1d:i18_c4_k3_o2_s2_p0"),
        ({"pad_lo": [0]}, "conv1d:i16_c4_k3_o2_s2_p0+1"),
        (
            {"pad_lo": None, "pad_hi": None, "padding": "SAME", "out": [16]},
            "conv1d:i16_c4_k3_o2_s2_pSAME",
        ),
        (
            {
                "pad_lo": None,
                "pad_hi": None,
                "padding": "VALID",
                "out": [18],
                "output_padding": [1],
            },
            "conv1d:i18_c4_k3_o2_s2",
        ),
    ],
)
def test_a_deconvolution_is_the_convolution_whose_transpose_it_is(changes, expected):
    assert read(kind="deconv", **changes) == expected


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"n": None}, "n missing; add this key"),
        ({"n": None, "k": None}, "n, k missing; add these keys"),
        ({"kind": "pool"}, 'kind is "pool"; write conv or deconv'),
        ({"n": 1.0}, "n is 1.0, no whole number"),
        ({"n": True}, "n is true, no whole number"),
        ({"n": "1"}, 'n is "1", no whole number'),
        ({"n": -1}, "batch is -1"),
        ({"k": 3}, "k is 3, no list of whole numbers such as [3, 3]"),
        ({"k": [3.0]}, "k is [3.0], no list"),
        ({"k": [True]}, "k is [true], no list"),
        ({"k": [3, 3]}, "k has 2 numbers, in has 1"),
        ({"k": [0]}, "kernel (0,) must be positive"),
        ({"stride": [0]}, "stride (0,) must be positive"),
        ({"dims": 2}, "dims is 2, but in has 1 numbers"),
        ({"pad_hi": None}, "pad_lo and pad_hi go together"),
        ({"pad_lo": None, "pad_hi": None}, "no padding; add pad_lo and pad_hi"),
        ({"padding": "FULL"}, "padding 'FULL' is none of VALID"),
        ({"padding": ["SAME"]}, 'padding is ["SAME"], no word'),
        ({"padding": "VALID"}, "padding VALID means ((0, 0),), not ((1, 1),)"),
        ({"out": [5]}, "out is [5], but conv1d:i8_c2_k3_o4_s2_p1 has [4]"),
        ({"output_padding": [1]}, "output_padding of a conv"),
        ({"kind": "deconv", "out": [16]}, "out is [16], but the sizes give [15]"),
        ({"kind": "deconv", "output_padding": [1]}, "is not pad_lo - pad_hi"),
        (
            {"kind": "deconv", "pad_lo": None, "pad_hi": None, "padding": "SAME"},
            "whose padding is a rule has many outputs; add out",
        ),
        (
            {
                "kind": "deconv", "pad_lo": None, "pad_hi": None, "padding": "SAME", "out": [19],
            },
            "in is [8], but conv1d:i19_c4_k3_o2_s2_pSAME has [10]",
        ),
        ({"groups": 3}, "no multiple of 3 groups"),
        ({"sym_pad_ok": 1}, "sym_pad_ok is 1, neither true nor false"),
        ({"dtype": "int8"}, "dtype 'int8' is none of"),
        ({"layout": None, "data": "golden"}, "data 'golden' is none of"),
        ({"in": []}, "has 1 numbers, in has 0"),
        ({"in": [8], "n": 10**30}, "a number of 31 digits, which no size can have"),
    ],
)  # fmt: skip
def test_what_is_no_problem_is_refused_with_the_key_at_fault(changes, part):
    with pytest.raises(InvalidCase) as caught:
        read(**changes)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("{", "no JSON"),
        ('{"n": 1} x', "no JSON: Extra data at column 10"),
        ('{"n": 1, "n": 2}', "key 'n' is there twice"),
        ('{"n": NaN}', "NaN is no number of JSON"),
        ('{"n": -Infinity}', "-Infinity is no number"),
        ('{"n": 1' + "0" * 9000 + "}", "a number of 9001 digits"),
        ('{"n": ' + "[" * 9000 + "]" * 9000 + "}", "too deep"),
        ("{}", "kind, n, ic, oc, groups, in, k, stride, dilation missing"),
    ],
)
def test_what_is_no_json_is_refused(line, part):
    with pytest.raises(InvalidCase) as caught:
        case(load(line))
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lhs_dilation": [2]}, "lhs_dilation"),
        ({"batch_groups": 2}, "batch_groups"),
        ({"in": [0]}, "an image of no places"),
        ({"k": [14]}, "less than no output"),
        ({"k": [14], "out": [3]}, ""),
        ({"kind": "deconv", "in": [0], "out": [0]}, "an image of no places"),
        (
            {key: [1] * 4 for key in ("in", "k", "stride", "dilation", "pad_lo", "pad_hi")},
            "not 1 to 3 dimensions",
        ),
    ],
)
def test_what_no_case_can_express_has_a_reason(changes, reason):
    assert beyond(load(json.dumps({**PLAIN, **changes}))) == reason


def test_what_is_not_known_is_told():
    assert unknown(load(json.dumps(row(strides=[1], note="x")))) == ["key strides", "key note"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(cases(), st.sampled_from([*PLAIN, "out", "dims", "padding", "seed", "data", "x"]), JSON)
def test_a_damaged_row_is_a_case_or_an_invalid_case(drawn, key, value):
    try:
        found = load(json.dumps({**json.loads(render(drawn)), key: value}))
        if not beyond(found):
            assert parse(str(case(found))) == case(found)
    except InvalidCase:
        return
