import numpy as np
import pytest
from scipy.signal import convolve2d

from convergent.backends import numpy as maps
from convergent.backends import oracle
from convergent.cases import data, dtypes, goldens
from convergent.cases.errors import InvalidCase
from convergent.cases.text import parse

DTYPES = ("float64", "float32", "float16", "bfloat16")
PUBLISHED = [(name, op) for name in goldens.names() for op in goldens.get(name).expected]
ELEMENTS = [(name, op) for name in goldens.names() for op in goldens.get(name).elements]


def plane(array):
    """Return an array without its unit axes."""
    return np.squeeze(array)


def test_all_examples_of_the_sources_are_there():
    assert goldens.names() == [f"golden{number}" for number in range(1, 14)]
    for name in goldens.names():
        golden = goldens.get(name)
        assert golden.name == golden.case.data == name
        assert golden.source
    relations = {"golden11", "golden12"}  # the sources state relations of these, and no numbers
    assert {name for name, _ in PUBLISHED + ELEMENTS} == set(goldens.names()) - relations


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "op"), PUBLISHED)
def test_the_oracle_gives_every_published_number(name, op, dtype):
    golden = goldens.get(name)
    case = golden.case.replace(dtype=dtype)
    value = oracle.expect(case, op, data.make(case)).value
    assert value.shape == golden.expected[op].shape
    assert (value == golden.expected[op]).all()


@pytest.mark.parametrize(("name", "op"), ELEMENTS)
def test_the_oracle_gives_every_published_element(name, op):
    golden = goldens.get(name)
    value = oracle.expect(golden.case, op, data.make(golden.case)).value
    for index, number in golden.elements[op].items():
        assert value[index] == number


def test_the_numbers_are_those_of_the_sources():
    expected = {
        ("golden1", "backprop_input"): [[-3, -1, 4], [1, 1, -2], [10, 2, -12]],
        ("golden2", "backprop_filter"): [[-37, -47], [-67, -77]],
        ("golden3", "backprop_input"): [[-3, -1, 13], [1, 1, 1], [1, 2, -13]],
        ("golden4", "backprop_filter"): [[-1, -54], [-43, -77]],
        ("golden9", "jacobian_filter"): [
            [[[1, 2], [4, 5]], [[2, 3], [5, 6]]],
            [[[4, 5], [7, 8]], [[5, 6], [8, 9]]],
        ],
    }
    for (name, op), numbers in expected.items():
        assert plane(goldens.get(name).expected[op]).tolist() == numbers
    found = goldens.get("golden10").elements
    assert list(found["transpose_jacobian_input"].values()) == [3]
    assert list(found["transpose_jacobian_filter"].values()) == [5]


def test_the_source_of_golden3_prints_the_answer_of_golden1():
    wrong, right = goldens.get("golden3"), goldens.get("golden1")
    assert "golden1" in wrong.erratum
    printed = wrong.printed["backprop_input"]
    assert (printed == right.expected["backprop_input"]).all()
    assert (printed != wrong.expected["backprop_input"]).any()
    assert [name for name in goldens.names() if goldens.get(name).erratum] == ["golden3"]


def test_the_upsampling_layer_repeats_each_value_in_a_block_of_every_channel():
    golden = goldens.get("golden6")
    image = np.arange(15.0).reshape(3, 5)
    blocks = image.repeat(2, axis=0).repeat(2, axis=1)
    assert golden.expected["transpose"].shape == (1, 6, 10, 64)
    assert (golden.expected["transpose"] == blocks[None, :, :, None]).all()


def test_the_transposed_convolution_is_a_conv_of_the_padded_image_with_the_flipped_filter():
    transposed, by_conv = goldens.get("golden7"), goldens.get("golden13")
    assert (plane(by_conv.given["w"]) == plane(transposed.given["w"])[::-1, ::-1]).all()
    assert (plane(by_conv.given["x"]) == np.pad(plane(transposed.given["dy"]), 1)).all()
    assert (transposed.expected["transpose"] == by_conv.expected["conv"]).all()


@pytest.mark.parametrize("batch", [1, 2])
def test_the_transposed_convolution_of_golden11_is_conv_with_the_filter_flipped(batch):
    case = goldens.get("golden11").case.replace(batch=batch)
    _, w, dy = goldens.operands(case)
    assert (dy.shape, w.shape) == ((batch, 28, 28, 32), (7, 7, 1, 32))
    flipped = w[::-1, ::-1].swapaxes(-1, -2)
    mirror = parse(f"conv2d:n{batch}_i28_c32_k7_pSAME")
    assert (maps.conv(mirror, dy, flipped) == maps.backprop_input(case, dy, w)).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_published_script_agrees_with_scipy(seed):
    case = goldens.get("golden12").case.replace(seed=seed)
    operands = goldens.operands(case)
    for values in operands:
        assert set(values.ravel()) <= set(range(10))
    x, w, dy = map(plane, operands)
    of_map = {name: plane(maps.MAPS[name](case, *pair)) for name, pair in pairs(operands)}
    assert (of_map["conv"] == convolve2d(x, np.rot90(w, 2), "valid")).all()
    assert (of_map["backprop_input"] == convolve2d(dy, w, "full")).all()
    assert (of_map["backprop_filter"] == convolve2d(x, np.rot90(dy, 2), "valid")).all()


def pairs(operands):
    x, w, dy = operands
    return [("conv", (x, w)), ("backprop_input", (dy, w)), ("backprop_filter", (x, dy))]


def test_another_seed_draws_other_integers():
    case = goldens.get("golden12").case
    drawn = {
        np.concatenate([a.ravel() for a in goldens.operands(case.replace(seed=s))]).tobytes()
        for s in range(8)
    }
    assert len(drawn) == 8


@pytest.mark.parametrize("name", goldens.names())
def test_the_dtype_the_layout_and_the_seed_of_a_golden_are_free(name):
    golden = goldens.get(name)
    for case in (
        golden.case.replace(dtype="bfloat16"),
        golden.case.replace(layout="channels_first"),
        golden.case.replace(seed=3),
    ):
        for values, stored in zip(goldens.operands(case), data.make(case), strict=True):
            assert (dtypes.decode(stored, case.dtype) == values).all()


@pytest.mark.parametrize(
    "line",
    [
        "conv2d:i4_k2_golden1",
        "conv2d:i3_k2_pSAME_golden1",
        "conv2d:n2_i3_k2_golden1",
        "conv2d:i3_k2_golden3",
        "conv2d:i28_k7_o31_pSAME_golden11",
        "conv2d:i3_k2_golden99",
    ],
)
def test_a_case_whose_sizes_do_not_fit_its_golden_is_refused(line):
    case = parse(line)
    with pytest.raises(InvalidCase, match=case.data):
        data.make(case)
