"""Files of cases: which line is what, batches of batches, and what is said of all of it."""

import doctest
import importlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convergent.cases import foreign
from convergent.cases.errors import InvalidCase
from convergent.cases.foreign import files, reading, source
from convergent.cases.foreign.jsonl import render
from convergent.cases.strategies import cases
from convergent.cases.text import parse

ROW = render(parse("conv1d:i8_k3"))
PIECES = st.sampled_from([
    "conv1d:", "conv2d:i8_k3", "conv2d:", "{", "}", "[", '"', ":", ",", "#", "\\", "\n", "\r\0",
    "é", "\ufeff", "ic3", "oc4", "ih8", "kh3", "iw5", "kw2", "n", "_", "--", "--reset",
    "--mb=", "--mb=2", "--dt=f32,bf16", "--dt=", "--cfg=u8s8u8", "--stag=axb", "--batch=",
    "--batch=shapes", "--dir=FWD_D", "--attr-post-ops=sum", "-v5", "--deconv", '"n"', '"in"',
    "[3]", "1e9", "null",
])  # fmt: skip


def read(folder, text, name="shapes"):
    (folder / name).write_text(text)
    found = foreign.read(folder / name)
    return [str(case) for case in found.cases], [
        line.partition(": ")[2] for line in found.summary()
    ]


def refused(folder, text, name="shapes"):
    with pytest.raises(InvalidCase) as caught:
        read(folder, text, name)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 2000
    return message.removeprefix(f"{folder / name}").removeprefix(", ")


@pytest.mark.parametrize("name", ["", ".batch", ".benchdnn", ".jsonl", ".padding", ".row"])
def test_the_examples_of_the_docstrings_hold(name):
    done = doctest.testmod(importlib.import_module(f"convergent.cases.foreign{name}"))
    assert done.failed == 0


def test_the_examples_of_the_documentation_hold(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    rows = re.findall(r"^\| `(.*)` \| `(conv\dd:.*)` \|$", text, re.MULTILINE)
    assert len(rows) == 6
    for said, expected in rows:
        assert read(tmp_path, said)[0] == [expected]
    lines = "\n".join(re.findall(r"^\{.*\}$", text, re.MULTILINE))
    assert read(tmp_path, lines)[0] == re.findall(
        r"`(conv\dd:\S*)`(?: and|\.$)", text, re.MULTILINE
    )


def test_each_line_is_taken_for_what_it_is(tmp_path):
    text = f"# mixed\n\nconv1d:i9_k2  # a case\n{ROW}\r\n\tic1oc1iw8kw3\nconv1d:i8_k3\n"
    assert read(tmp_path, text) == (
        ["conv1d:i9_k2", "conv1d:i8_k3", "conv1d:n2_i8_k3_p0"],
        ["4 rows, 3 cases (1 duplicate)"],
    )


def test_what_no_case_can_express_is_counted_with_its_reason(tmp_path):
    text = "\n".join(ROW.replace("{", f'{{"{key}": {value}, ') for key, value in [
        ("lhs_dilation", [2]), ("lhs_dilation", [3]), ("batch_groups", 2), ("unbatched", "true"),
        ("strides", [1]),
    ])  # fmt: skip
    assert read(tmp_path, text) == (
        ["conv1d:i8_k3"],
        [
            "5 rows, 1 case (1 duplicate), 3 skipped: lhs_dilation (2), batch_groups (1)",
            "taken: unbatched as a batch of one (1)",
            "ignored: key strides (1)",
        ],
    )


def test_a_descriptor_is_a_case_for_each_combination_of_the_options_before_it(tmp_path):
    text = """
    ic1oc1iw8kw3
    --dt=f16,bf16:bf16:bf16 --stag=abx,nwc --mb=0,3   ic1oc1iw8kw3
    --reset ic1oc1iw9kw3
    """
    shown, summary = read(tmp_path, text)
    assert shown == [
        "conv1d:n2_i8_k3_p0",
        *(
            f"conv1d:n{batch}_i8_k3_p0_{dtype}{layout}"
            for dtype in ("float16", "bfloat16")
            for layout in ("_ncw", "")
            for batch in (2, 3)
        ),
        "conv1d:n2_i9_k3_p0",
    ]
    assert summary == ["3 rows, 10 cases"]


@pytest.mark.parametrize(
    ("options", "suffix", "told"),
    [
        ("--dt=f64", "_float64", []),
        ("--dt=", "", []),
        ("--cfg=f32_wino", "", []),
        ("--cfg=bf16bf16bf16", "_bfloat16", []),
        ("--cfg=f64 --dt=f16", "_float16", []),
        ("--dt=u8:s8:f32", "", ["taken: dtype u8:s8:f32 as float32 (1)"]),
        ("--cfg=bf16bf16f32", "", ["taken: dtype bf16:bf16:f32 as float32 (1)"]),
        ("--dt=f8_e5m2", "", ["taken: dtype f8_e5m2 as float32 (1)"]),
        ("--stag=any --dtag=abx", "_ncw", []),
        ("--dtag=axb", "", []),
        ("--stag=aBx16b", "", ["taken: layout aBx16b as any (1)"]),
        ("--stag=abx --dtag=axb", "_ncw", ["taken: layouts abx and axb as abx (1)"]),
        ("--wtag=any --attr-post-ops= --alg=", "", []),
        ("--wtag=goiw --wtag=oiw", "", ["ignored: --wtag (2)"]),
        ("--dir=FWD_D,BWD_W", "", ["ignored: --dir, as every direction is checked (1)"]),
        (
            "--alg=wino -v5 --attr-post-ops=sum:0.5+relu",
            "",
            ["ignored: --alg (1), -v (1), --attr-post-ops (1)"],
        ),
    ],
)
def test_an_option_is_honoured_or_told(tmp_path, options, suffix, told):
    shown, (_, *rest) = read(tmp_path, f"{options}\nic1oc1iw8kw3")
    assert shown == [f"conv1d:n2_i8_k3_p0{suffix}"]
    assert rest == told


@pytest.mark.parametrize(
    ("text", "name", "expected", "told"),
    [
        ("ic2oc1iw8kw3", "shapes", "conv1d:n2_i8_c2_k3_p0", False),
        ("--deconv ic2oc1iw8kw3", "shapes", "conv1d:n2_i10_k3_o2_p0", False),
        ("./benchdnn --deconv ic2oc1iw8kw3", "shapes", "conv1d:n2_i10_k3_o2_p0", False),
        ("ic2oc1iw8kw3", "test_deconv_ci", "conv1d:n2_i10_k3_o2_p0", True),
        ("ic2oc1iw8kw3", "deconv/shapes", "conv1d:n2_i10_k3_o2_p0", True),
        ("--deconv ic2oc1iw8kw3", "deconv/shapes", "conv1d:n2_i10_k3_o2_p0", False),
        ("--conv ic2oc1iw8kw3", "deconv/shapes", "conv1d:n2_i8_c2_k3_p0", False),
    ],
)
def test_the_driver_is_said_or_told_by_the_name(tmp_path, text, name, expected, told):
    (tmp_path / "deconv").mkdir()
    shown, summary = read(tmp_path, text, name)
    assert shown == [expected]
    assert ("taken: as deconvolution, which the file's name says (1)" in summary) == told


def test_words_are_continued_as_in_a_shell(tmp_path):
    text = "--mb=2, \\\n   3 ic1oc1iw8\\\n  # kw9\nkw3\\\n--mb=5 # no more\n"
    with pytest.raises(InvalidCase, match=r"line 2: .*iw8kw3--mb=5"):
        read(tmp_path, text)
    assert read(tmp_path, text.replace("kw3\\", "kw3"))[0] == [
        "conv1d:n2_i8_k3_p0",
        "conv1d:n3_i8_k3_p0",
    ]


def test_batches_are_found_beside_those_that_include_them_and_keep_the_options(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "last").write_text("ic1oc1iw9kw3 --dt=bf16")
    (tmp_path / "more" / "next").write_text("--mb=7 ic1oc1iw8kw3\n--batch=last")
    shown, summary = read(tmp_path, "--dt=f16 --batch=more/next\nic1oc1iw7kw3 --batch=last")
    assert shown == [
        "conv1d:n7_i8_k3_p0_float16",
        "conv1d:n7_i9_k3_p0_float16",
        "conv1d:n7_i7_k3_p0_bfloat16",
        "conv1d:n7_i9_k3_p0_bfloat16",
    ]
    assert summary == ["4 rows, 4 cases"]


def test_a_batch_that_includes_itself_is_refused(tmp_path):
    (tmp_path / "next").write_text("\n--batch=shapes")
    said = refused(tmp_path, "--batch=next")
    assert "line 1" in said
    assert "line 2" in said
    assert "includes itself; take --batch=shapes out" in said


def test_batches_are_bounded_in_depth_and_in_all(tmp_path, monkeypatch):
    for n in range(20):
        (tmp_path / f"b{n}").write_text(f"--batch=b{n + 1} " * 2)
    (tmp_path / "b20").write_text("ic1oc1iw8kw3")
    assert "more batch files than" in refused(tmp_path, "--batch=b0")
    monkeypatch.setattr(files, "MAX_FILES", 50)
    assert read(tmp_path, "--batch=b16")[0] == ["conv1d:n2_i8_k3_p0"]
    assert "more batch files than 16 deep or 50 in all" in refused(tmp_path, "--batch=b14")


def test_a_batch_must_be_a_plain_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "cannot be read (no plain file)" in refused(tmp_path, "--batch=pipe")
    assert "cannot be read" in refused(tmp_path, "--batch=.")
    assert "no batch file 'none' beside shapes; copy it there" in refused(tmp_path, "--batch=none")
    assert "no batch file ''" in refused(tmp_path, "--batch=")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("\nconv2d:i8", "line 2: 'conv2d:i8' says no kernel"),
        ("conv4d:i8_k3", "line 1: 'conv4d:i8_k3' is no case"),
        ("conv1d:i8_k3 conv1d:i9_k3", "line 1"),
        ("\n\n{]", "line 3: no JSON"),
        ("[1, 2]", "line 1: '[1,' is no case line (conv2d:i8_k3), JSON object or benchdnn"),
        ("hello", "no entry begins with 'hello'"),
        ("ic3oc4ih8kh3\n--mb=x ic3", "line 2: '--mb=x': 'x' is no batch size; write --mb=2"),
        ("--mb=99999999999", "is no batch size"),
        ("--dt=float", "'float' is no data type"),
        ("--dt=f32:f32", "give one data type, or three"),
        ("--cfg=f31", "'f31' is no configuration"),
        ("--cfg=f32f32", "give one data type, or three"),
        ("conv1d:i8_k3_" + "x" * 3000, "is too long for a case line"),
        ("conv1d:i8_k3\0", "line 1: holds a NUL byte"),
        ("x" * 30_000, "line 1: 30000 bytes long, more than 20000"),
        ("ic1oc1iw99999999999999kw3ow1", "'p-49999999999998' is no padding"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, part):
    assert part in refused(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path, monkeypatch):
    (tmp_path / "latin").write_bytes(b"conv1d:i8_k3\n# caf\xe9\n")
    (tmp_path / "wide").write_text("conv1d:i8_k3", encoding="utf-16")
    for name, part in [
        ("latin", "latin, line 2: no UTF-8 at byte 6"),
        ("wide", "wide, line 1: holds a NUL byte"),
        ("none", "none cannot be read (No such file or directory); give a file of cases"),
        (".", "cannot be read (Is a directory)"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(InvalidCase) as caught:
            foreign.read(tmp_path / name)
        assert part in str(caught.value)
    monkeypatch.setattr(source, "MAX_BYTES", 5)
    assert "is larger than 0 MiB" in refused(tmp_path, "conv1d:i8_k3")


def test_a_byte_order_mark_is_no_content(tmp_path):
    (tmp_path / "marked").write_text("conv1d:i8_k3", encoding="utf-8-sig")
    assert foreign.read(tmp_path / "marked").cases == [parse("conv1d:i8_k3")]


def test_there_are_not_too_many_cases(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_CASES", 3)
    assert len(read(tmp_path, "--mb=1,2,3,1 ic1oc1iw8kw3")[0]) == 3
    assert "more than 3 cases; split the file" in refused(tmp_path, "--mb=1,2,3,4 ic1oc1iw8kw3")


def test_long_counts_are_cut(tmp_path):
    _, summary = read(tmp_path, " ".join(f"--x{n}=1" for n in range(20)) + " ic1oc1iw8kw3")
    assert summary[-1].endswith("--x7 (1), 12 more (12)")


@given(st.lists(cases(), max_size=4))
def test_what_is_exported_comes_back(tmp_path_factory, drawn):
    path = tmp_path_factory.getbasetemp() / "export.jsonl"
    path.write_text("".join(f"{render(case)}\n" for case in drawn))
    assert foreign.read(path).cases == list(dict.fromkeys(drawn))


@given(st.one_of(
    st.binary(),
    st.text().map(str.encode),
    st.lists(PIECES).map(lambda pieces: "".join(pieces).encode()),
    st.lists(PIECES).map(lambda pieces: " ".join(pieces).encode()),
))  # fmt: skip
@example(b"\\")
@example(b"\\\n\\ic1")
@example(b"--dt=\xff")
@example(b'{"in": "\\ud800"}')
def test_any_file_is_cases_or_an_invalid_case(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "shapes"
    path.write_bytes(content)
    try:
        found = foreign.read(path).cases
    except InvalidCase:
        return
    assert all(parse(str(case)) == case for case in found)
