"""Files of cases on the command line: read, told of, handed on, and refused in one line."""

import json
import subprocess
import sys

import pytest

ARGUMENTS = ["run", "--backend", "scipy", "--op", "conv", "--method", "correlate", "-o", "out"]


def convergent(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "convergent", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd,
    )  # fmt: skip


def test_a_run_takes_files_and_says_what_it_read(tmp_path):
    (tmp_path / "shapes").write_text("--attr-post-ops=sum mb1ic1oc1ih5kh3\nconv2d:i5_k3_p0\n")
    (tmp_path / "more").write_text("conv1d:i8_k3\n")
    done = convergent(*ARGUMENTS, "--cases", "shapes", "--cases", "more", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shapes: 2 rows, 1 case (1 duplicate)\n" in done.stderr
    assert "shapes: ignored: --attr-post-ops (1)\n" in done.stderr
    lines = (tmp_path / "out" / "run.jsonl").read_text().splitlines()
    assert all(any(case in line for line in lines) for case in ("conv2d:i5_k3_p0", "conv1d:i8_k3"))


def test_cases_are_handed_on_as_json_lines_and_come_back(tmp_path):
    lines = "conv2d:i5x6_c2_k3_o2_pSAME_float16_nchw_gapped_seed3\nconv1d:i8_k3_s2_p0+1\n"
    (tmp_path / "shapes").write_text(lines)
    asked = ["list", "cases", "--cases"]
    sent = convergent(*asked, "shapes", "--format", "jsonl", cwd=tmp_path)
    assert [json.loads(line)["in"] for line in sent.stdout.splitlines()] == [[5, 6], [8]]
    (tmp_path / "sent").write_text(sent.stdout)
    assert convergent(*asked, "sent", cwd=tmp_path).stdout == lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "convergent: shapes cannot be read (No such file or directory)"),
        ("# nothing\n", "convergent: shapes holds no case (a line such as conv2d:i5_k3"),
        ("conv2d:i8_k3\nconv2d:i8\n", "convergent: shapes, line 2: 'conv2d:i8' says no kernel"),
        ("conv2d:i3_k2_golden99\n", "convergent: shapes, line 1: data 'golden99' is no golden"),
        ("conv2d:i8_k3_golden3\n", "convergent: shapes, line 1: golden3 has other sizes than"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_before_anything_is_written(tmp_path, text, said):
    if text is not None:
        (tmp_path / "shapes").write_text(text)
    done = convergent(*ARGUMENTS, "--cases", "shapes", cwd=tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
