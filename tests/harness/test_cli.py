"""The command line: exit codes, and one clear line for what is wrong."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from convergent.cases import suites
from convergent.harness import cli

CASE = "conv2d:i4_c2_k3_o2"


def convergent(*arguments, cwd, **variables):
    return subprocess.run(
        [sys.executable, "-m", "convergent", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | variables,
    )  # fmt: skip


def test_a_run_ends_with_a_summary_and_a_report(tmp_path):
    done = convergent("run", "--backend", "scipy", "--case", CASE, "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "report.html" in done.stdout
    assert (tmp_path / "out" / "run.jsonl").exists()
    assert (tmp_path / "out" / "report.html").read_text().lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "--suite", "nightly"], 4, "nightly"),
        (["run", "--backend", "caffe"], 4, "caffe"),
        (["run", "--case", "conv2d:i4"], 4, "kernel"),
        (["run", "--case", "conv2d:i4_k9"], 4, "no output"),
        (["run", "--op", "convolve"], 4, "convolve"),
        (["run", "--method", "magic*"], 4, "magic"),
        (["run", "--dtype", "int8"], 4, "int8"),
        (["run", "-k", "torch and"], 4, "-k"),
        (["run", "--nonsense"], 4, "nonsense"),
        (["run", "--known", "none.toml"], 4, "none.toml"),
        (["run", "--backend", "scipy", "--case", CASE, "-k", "nowhere"], 5, "nothing"),
        (["run", "--shard", "5/4"], 4, "of 4 the first is 1/4"),
        (["run", "--shard", "a/b"], 4, "write the second of four as 2/4"),
        (["merge", "none", "-o", "all"], 4, "none cannot be read"),
        (["repro", "scipy", "conv", CASE], 4, "no method"),
        (["repro", "scipy", "magic/native", CASE], 4, "ops are"),
        (["repro", "scipy", "conv/magic", CASE], 4, "it has"),
        (["repro", "scipy", "conv/correlate", "conv2d:i4_k3_q7"], 4, "q7"),
        (["shrink"], 4, "--run"),
        (["shrink", "scipy"], 4, "no check"),
        (["shrink", "scipy", "magic/native", CASE], 4, "ops are"),
        (["shrink", "scipy/conv/magic/" + CASE], 4, "it has"),
        (["shrink", "scipy/conv/correlate/conv2d:i4_k9"], 4, "no output"),
        (["shrink", "caffe", "conv/native", CASE], 4, "caffe"),
        (["shrink", "--run", "none.jsonl"], 4, "none.jsonl"),
        (["shrink", "scipy", "conv/correlate", CASE], 0, "nothing to shrink"),
        (["repro", "scipy", "conv/correlate", CASE, "-o", "bug.py"], 4, "--script"),
        (["repro", "scipy", "conv/correlate", "conv1d:i99999999999999999_k3"], 1, "too large"),
        (["repro", "scipy", "conv/correlate@flipped", CASE, "--script"], 4, "take conv/correlate"),
        (["repro", "scipy", "conv/convolve2d", "conv1d:i4_k3", "--script"], 4, "unsupported"),
        (["list", "everything"], 4, "everything"),
        (["explain", "nonsense"], 4, "conv2d:"),
        (["repro", "scipy", "backprop_bias/sum", "conv1d:n2_i40_k3_nonfinite"], 4, "not asked"),
        (["explain", "conv1d:n2_i40_k3_nonfinite", "--op", "backprop_bias"], 4, "not asked"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, arguments, code, said):
    done = convergent(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_repro_writes_a_script(tmp_path):
    arguments = ("repro", "scipy", "conv/correlate", CASE, "--script")
    done = convergent(*arguments, "-o", "bug.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stdout
    assert "the script passes" in done.stderr
    assert convergent(*arguments, cwd=tmp_path).stdout == (tmp_path / "bug.py").read_text()


def test_repro_shows_the_numbers(tmp_path):
    done = convergent("repro", "scipy", "conv/correlate", CASE, cwd=tmp_path)
    assert done.returncode == 0
    assert "expected" in done.stdout
    assert "agrees" in done.stdout


def test_explain_walks_through_a_case(tmp_path):
    done = convergent("explain", "conv2d:i3_k2_golden1", "--backend", "scipy", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("y = A x", "A^T d_y equals backprop_input", "backprop_filter", "-12"):
        assert said in done.stdout


@pytest.mark.parametrize("what", ["backends", "methods", "ops", "suites", "cases", "features"])
def test_list_lists(tmp_path, what):
    done = convergent("list", what, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip()


def test_listed_cases_come_with_what_their_suite_says_of_them(tmp_path):
    done = convergent("list", "cases", "--suite", "regression", cwd=tmp_path)
    assert done.returncode == 0
    bugs = suites.documented("regression")
    said = [f"{bug.case}  # {bug.url} | {bug.kind} | {bug.remark}" for bug in bugs]
    assert done.stdout.splitlines() == said
    assert suites.read(done.stdout) == suites.load("regression")


@pytest.mark.parametrize("command", ["run", "repro", "shrink", "explain", "list", "doctor"])
def test_help_has_an_example(tmp_path, command):
    done = convergent(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"convergent {command}" in done.stdout


def test_a_framework_of_the_working_folder_is_not_taken(tmp_path):
    (tmp_path / "scipy.py").write_text("raise SystemExit('I am not SciPy')")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "convergent", "repro", "scipy", "conv/correlate", CASE],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_a_report_and_goes_on(tmp_path, sent):
    command = [sys.executable, "-m", "convergent", "run", "--backend", "scipy", "--suite", "ci"]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    path = tmp_path / "convergent-report" / "run.jsonl"
    while not (path.exists() and path.stat().st_size > 20_000):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(sent)
    shown, _ = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "--resume" in shown
    assert (path.parent / "report.html").exists()
    again = convergent(*command[3:], "--resume", cwd=tmp_path)
    assert again.returncode == 0, again.stdout


def test_a_reader_that_had_enough_does_not_change_the_exit_code(tmp_path):
    line = f"{sys.executable} -m convergent run --backend scipy --case {CASE} -o out | true; "
    line += "exit ${PIPESTATUS[0]}"
    assert subprocess.run(["bash", "-c", line], check=False, cwd=tmp_path).returncode == 0


STALE = """
[[known]]
variant = "scipy"
checks = ["conv/correlate"]
verdicts = ["differs"]
example = "conv/correlate/conv2d:i4_c2_k3_o2"
kind = "notyet"
reason = "none"
issue = "not reported before"
"""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("list methods --backend scipy", 0),
        ("doctor", 0),
        ("--help", 0),
        ("run --help", 0),
        ("known check known.toml", 1),
    ],
)
def test_nor_that_of_any_other_command(tmp_path, command, code):
    (tmp_path / "known.toml").write_text(STALE)
    line = f"{sys.executable} -m convergent {command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (code, "")


def test_what_ends_python_is_no_pass(monkeypatch):
    monkeypatch.setattr(cli, "_take_streams", lambda: None)
    monkeypatch.setattr(cli.group, "main", lambda **_: sys.exit(9))
    with pytest.raises(SystemExit, match="9"):
        cli.main()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(errno.ENOSPC, 2, "make room"), (errno.EROFS, 4, "name another file or folder")],
)
def test_what_the_system_refuses_is_said_with_the_way_out(monkeypatch, capsys, number, code, said):
    def refuse(**_):
        raise OSError(number, os.strerror(number), "out.json")

    monkeypatch.setattr(cli, "_take_streams", lambda: None)
    monkeypatch.setattr(cli.group, "main", refuse)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert os.strerror(number) in told
    assert "out.json" in told
    assert said in told


@pytest.mark.parametrize(
    "arguments",
    [["run", "--backend", "scipy", "--case", CASE, "-o", "out"], ["support", "--backend", "scipy"]],
)
def test_an_encoding_without_ticks_is_no_bug(tmp_path, arguments):
    done = convergent(*arguments, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\\" in done.stdout


def test_the_folder_of_a_run_stands_for_its_file(tmp_path):
    convergent("run", "--backend", "scipy", "--case", CASE, "-o", "out", cwd=tmp_path)
    for arguments in (
        ["shrink", "--run", "out"],
        ["known", "add", "--from", "out", "--reason", "a", "--issue", "b"],
    ):
        done = convergent(*arguments, cwd=tmp_path)
        assert "out/run.jsonl has no finding" in done.stdout, done.stderr
