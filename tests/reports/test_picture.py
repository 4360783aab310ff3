"""The drawings of a case: their numbers are the oracle's, and their text breaks out of nothing."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner

from convergent.backends import numpy as maps
from convergent.backends.scipy.matrix import input_matrix
from convergent.cases import suites
from convergent.cases.errors import InvalidCase
from convergent.cases.text import parse
from convergent.harness.cli import group
from convergent.reports.picture import page, svg
from convergent.reports.picture.entries import MOST, entries, thinned
from convergent.reports.picture.figure import DRAWINGS, figure, operands
from convergent.reports.picture.plans import CROPPED, DATA, INSERTED, PADDING, three
from convergent.reports.picture.view import reads, sum_of
from convergent.reports.picture.window import MAPS, window

SMALL = (
    "conv1d:i9_k3_s2_d2_p2_normal",
    "conv1d:i8_k3_s3_p0+2",
    "conv2d:i3_k2_golden1",
    "conv2d:i3_k2_pSAME_golden3",
    "conv2d:i6_k2_s2_pSAME_golden5",
    "conv2d:i5_k3_s2_pSAME",
    "conv2d:i6x7_k3_p1x-1",
    "conv2d:i7x5_k2x3_s3x1_d1x2_p2x0+1_bfloat16",
    "conv2d:i4_k1_p3_s2",
    "conv2d:i6_c4_k3_o6_g2_s2_p1_float16",
    "conv2d:i5_c3_k2_o3_g3_nchw",
    "conv3d:i3x3x4_k2_s2x1x1_p1_float64",
    "conv3d:i4_k2_s2",
)


def in_full(case, op):
    """Return the first channel of the first sample of a map by the oracle."""
    one = case.replace(batch=1, seed=0)
    x, w, dy = operands(case)
    read = {"conv": (x[:1], w), "backprop_input": (dy[:1], w), "backprop_filter": (x[:1], dy[:1])}
    a, b = read[op]
    value = maps.MAPS[op](one, a, b)
    if op == "backprop_filter":
        return value[..., 0, 0].reshape(three(case.kernel, 1))
    return value[0, ..., 0].reshape(three(case.output if op == "conv" else case.input, 1))


@pytest.mark.parametrize("op", MAPS)
@pytest.mark.parametrize("line", SMALL)
def test_a_drawn_result_is_the_oracles(line, op):
    case = parse(line)
    shown = window(case, op, operands(case))
    assert not any("part of" in said or "results are drawn" in said for said in shown.left_out)
    np.testing.assert_allclose(shown.result, in_full(case, op), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("op", MAPS)
def test_what_a_window_reads_adds_up_to_its_result(op):
    case = parse("conv2d:i6_c4_k3_o6_g2_s2_p1")
    shown = window(case, op, operands(case))
    for at in np.ndindex(*shown.result.shape):
        products = [shown.source[place] * shown.taps[tap] for tap, place in reads(shown, at)]
        assert sum(products) == shown.result[at]


def test_large_cases_are_cut_to_the_first_results_which_are_the_oracles():
    for case in [*suites.load("networks")[::16], *suites.load("edge")[::9]]:
        small = case.replace(batch=min(case.batch, 2))
        if small.macs > 10**8:
            continue
        shown = window(small, "conv", operands(small))
        if shown is None or any("part of" in said for said in shown.left_out):
            continue
        whole = in_full(small, "conv")[tuple(slice(n) for n in shown.result.shape)]
        np.testing.assert_allclose(shown.result, whole, rtol=1e-9, atol=1e-9)
        assert max(shown.source.shape[1:]) <= 15


def test_what_is_left_out_is_said():
    case = parse("conv2d:n2_i28_c4_k3_o6_s2_pSAME_g2")
    drawn = window(case, "backprop_filter", operands(case))
    assert drawn.left_out == (
        "drawn: input channel 0, output channel 0",
        "the first of 2 samples is drawn; the gradient adds all up",
        "the first 7x7 of 14x14 places of d_y are drawn: these sums are a part of d_w",
    )
    wide = parse("conv2d:i5_c64_k3")
    said = window(wide, "conv", operands(wide)).left_out
    assert said == (
        "the first 3 of 64 summed channels are drawn: these sums are a part of the result",
    )


def test_zeros_that_are_put_in_are_told_from_numbers():
    case = parse("conv1d:i7_k3_s2_p1")
    drawn = window(case, "backprop_input", operands(case))
    assert drawn.kinds.ravel().tolist() == [
        PADDING, DATA, INSERTED, DATA, INSERTED, DATA, INSERTED, DATA, PADDING
    ]  # fmt: skip
    cut = parse("conv1d:i7_k3_p-1+1")
    kinds = window(cut, "conv", operands(cut)).kinds.ravel().tolist()
    assert kinds == [CROPPED, *[DATA] * 6, PADDING]


def test_padding_meets_no_infinity():
    case = parse("conv1d:i30_k3_p2_nonfinite")
    x, w, dy = operands(case)
    x[0, 0, 0] = np.inf
    shown = window(case.replace(input=(9,)), "conv", (x[:, :9], w, dy[:, :11]))
    assert np.isinf(shown.result[0, 0, 0])


@pytest.mark.parametrize("line", SMALL)
def test_the_matrix_is_the_one_that_kronecker_products_give(line):
    case = parse(line)
    w = operands(case)[1]
    found = entries(case, w)
    dense = np.zeros(found.shown)
    for row, column, tap, value in found.cells:
        index = np.unravel_index(tap, case.kernel)
        assert value in w[index]
        dense[row, column] += value
    whole = input_matrix(case.replace(batch=1), w).toarray()
    assert found.size == whole.shape
    np.testing.assert_array_equal(dense, whole[:MOST, :MOST])


def test_of_a_large_matrix_one_pair_of_channels_is_drawn():
    case = parse("conv2d:i7_c8_k3_o6_g2_s2")
    one = thinned(case)
    assert (str(one), thinned(one)) == ("conv2d:i7_k3_s2", one)
    whole = input_matrix(case, operands(case)[1]).toarray()[::6, ::8]
    w = operands(case)[1][..., :1, :1]
    np.testing.assert_array_equal(input_matrix(one, w).toarray(), whole)
    assert "Of input channel 0" in figure(case, "matrix", operands(case))


@pytest.mark.parametrize("line", SMALL)
def test_every_drawing_is_well_formed_and_loads_nothing(line):
    case = parse(line)
    given = operands(case)
    for name in DRAWINGS:
        drawn = str(figure(case, name, given))
        tree = ET.fromstring(drawn)
        assert name == "key" or tree.find(".//{http://www.w3.org/2000/svg}svg") is not None
        assert not re.search(r"href|url\(|<script|<style| style=| on[a-z]+=", drawn)


def test_the_numbers_of_a_golden_stand_in_the_picture():
    case = parse("conv2d:i3_k2_golden1")
    shown = window(case, "backprop_input", operands(case))
    assert shown.result[0].tolist() == [[-3, -1, 4], [1, 1, -2], [10, 2, -12]]
    assert sum_of(case, shown, (0, 1, 1)) == "d_x[1, 1] = (−1) · 6 + 1 · 5 + 2 · 4 + (−2) · 3 = 1"
    drawn = str(figure(case, "backprop_input", operands(case)))
    result = drawn.partition('class="panel result"')[2]
    said = re.findall(r'data-v="([^"]*)"', result)
    assert said == ["−3", "−1", "4", "1", "1", "−2", "10", "2", "−12"]


def test_text_is_escaped():
    drawn = str(svg.drawing(1, 1, '"><script>', "</title>", data_v="'\"&"))
    assert "<script>" not in drawn
    assert ET.fromstring(drawn).get("data-v") == "'\"&"


def test_the_page_allows_its_own_script_alone():
    text = page.render(parse("conv2d:i5_k3_s2_pSAME"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src &#39;none&#39;")
    assert text.count("<script>") == text.count("<style>") == 1
    assert "http://www.w3.org/2000/svg" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


@pytest.mark.parametrize("line", ["conv2d:n0_i5_k3", "conv2d:i3_k3_o0", "conv2d:i20_k17x3"])
def test_a_case_with_nothing_to_slide_has_a_page_all_the_same(line):
    assert "No window is drawn" in page.render(parse(line))


def test_a_case_beyond_the_memory_is_refused():
    with pytest.raises(InvalidCase, match="too large"):
        page.render(parse("conv2d:n4096_i4096_c4096_k3_o4096"))


def test_the_command_writes_the_page(tmp_path):
    path = tmp_path / "new" / "case.html"
    said = CliRunner().invoke(group, ["explain", "conv1d:i5_k2", "--html", "-o", str(path)])
    assert (said.exit_code, said.output) == (0, f"{path}\n")
    assert path.read_text("utf-8") == page.render(parse("conv1d:i5_k2"))


@pytest.mark.parametrize("more", [["-o", "x.html"], ["--html", "--backend", "torch"]])
def test_options_that_do_not_go_together_are_refused(more):
    said = CliRunner().invoke(group, ["explain", "conv1d:i5_k2", *more])
    assert said.exit_code == 2
    assert "--html" in said.output


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("conv1d:i20_k16", "at most 15 places"),
        ("conv1d:i20_c2_k12", "11 where channels are summed"),
        ("conv2d:n0_i5_k3", "is empty"),
        ("conv2d:i5_c0_k3", "is empty"),
    ],
)
def test_why_no_window_is_drawn_is_the_reason(line, why) -> None:
    found = re.findall(r"No window is drawn: [^<]*", page.render(parse(line)))
    assert found
    assert all(why in said for said in found)
