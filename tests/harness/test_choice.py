"""Which cases a run is of: the options that choose them, from the command line on."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from convergent.cases import coverage, sample, suites
from convergent.cases.scale import scale
from convergent.cases.text import parse
from convergent.harness.cli import cases, choose

CASE = parse("conv2d:n4_i4_c8_k3_o8")
DAY = dt.date(2026, 1, 31)


def chosen(**given):
    plain = {"suite_names": (), "cases": (), "strength": None, "sample": None, "scale": 1,
             "seed": None, "resume": False, "folder": Path("unused")}  # fmt: skip
    return cases.chosen({**plain, **given}, lambda: DAY)


def convergent(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "convergent", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd,
    )  # fmt: skip


def test_without_a_choice_it_is_the_suite_ci():
    assert chosen() == (suites.load("ci"), "ci", 0)


def test_a_case_alone_is_given():
    assert chosen(cases=(CASE,)) == ([CASE], "given", 0)


def test_choices_add_up_and_each_case_is_run_once():
    found = chosen(suite_names=("smoke", "smoke"), cases=(CASE, CASE), strength=3)
    assert found.cases == list(
        dict.fromkeys([*suites.load("smoke"), *suites.load("triples"), CASE])
    )
    assert found.name == "smoke+triples"


@pytest.mark.parametrize(("strength", "size"), [(2, 989), (3, 12_353)])
def test_a_strength_is_a_covering_array(strength, size):
    found = coverage.coverage(chosen(strength=strength).cases, strength)
    assert found.missing == ()
    assert found.covered == size


def test_a_sample_has_the_seed_of_the_day_unless_one_is_given():
    found = chosen(sample=20)
    assert found == (sample.draw(20, 20260131), "sample 20", 20260131)
    assert chosen(sample=20, seed=3) == (sample.draw(20, 3), "sample 20", 3)


def test_a_scale_is_of_any_cases_and_equal_ones_collapse():
    twice = (CASE, CASE.replace(batch=5))
    assert chosen(cases=twice, scale=4) == ([parse("conv2d:i4_c2_k3_o2")], "given+scale 4", 0)
    found = chosen(suite_names=("networks",), scale=8)
    assert found.cases == [scale(case, 8) for case in suites.load("networks")]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("1m30s", 90), ("45", 45)],
)
def test_a_duration_is_read_as_people_write_it(said, seconds):
    assert choose.DURATION.convert(said, None, None) == seconds


@pytest.mark.parametrize(
    "said", ["", "0", "0m", "ten", "10 m", "-5m", "1d", "169h", "m", "1e3", "٣s"]
)
def test_what_is_no_duration_is_refused(said):
    with pytest.raises(click.BadParameter, match=r"is no time|is not between"):
        choose.DURATION.convert(said, None, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--strength", "4"], "4"),
        (["--sample", "0"], "0"),
        (["--scale", "0"], "0"),
        (["--budget", "soon"], "90s, 10m or 1h30m"),
        (["--suite", "edges"], "edge"),
    ],
)
def test_a_bad_choice_is_said_in_one_line(tmp_path, arguments, said):
    done = convergent("run", "--backend", "scipy", *arguments, cwd=tmp_path)
    assert done.returncode == 4
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_sample_is_repeated_by_the_seed_that_it_prints(tmp_path):
    command = ["run", "--backend", "scipy", "--sample", "4", "--method", "correlate", "-j", "1"]
    first = convergent(*command, "-o", "first", cwd=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    header = header_of(tmp_path / "first")
    seed = str(header["seed"])
    assert f"--seed {seed}" in first.stdout
    assert header["suite"] == "sample 4"
    again = convergent(*command, "-o", "again", "--seed", seed, cwd=tmp_path)
    assert again.returncode == 0
    assert header_of(tmp_path / "again")["plan"] == header["plan"]
    assert seed in header_of(tmp_path / "again")["argv"]
    assert f"_seed{seed}" in (tmp_path / "again" / "run.jsonl").read_text()


def test_a_sample_of_another_day_is_resumed_with_its_seed(tmp_path):
    command = ["run", "--backend", "scipy", "--sample", "4", "--method", "correlate", "-j", "1"]
    assert convergent(*command, "--seed", "20000101", cwd=tmp_path).returncode == 0
    resumed = convergent(*command, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "--seed 20000101" in resumed.stdout


def test_a_run_that_its_budget_ends_says_so_and_goes_on(tmp_path):
    command = ["run", "--backend", "scipy", "--sample", "5000", "--seed", "1", "-j", "1"]
    done = convergent(*command, "--budget", "6s", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The budget ended the run after " in done.stdout
    assert "--resume" in done.stdout
    assert "The budget ended the run after " in (
        tmp_path / "convergent-report" / "report.html"
    ).read_text(encoding="utf-8")


def header_of(folder):
    with (folder / "run.jsonl").open(encoding="utf-8") as file:
        return json.loads(file.readline())


# --- coverage


def test_coverage_of_all_suites_is_a_table(tmp_path):
    lines = convergent("list", "coverage", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in lines] == suites.names()
    ci = next(line for line in lines if line.startswith("ci "))
    assert "989 of 989 pairs (100 %)" in ci
    assert "12,353 triples" in ci


def test_the_page_of_the_suites_has_this_table(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "suites.md"
    table = convergent("list", "coverage", cwd=tmp_path).stdout
    assert f"```\n{table}```\n" in page.read_text(encoding="utf-8")


def test_the_page_of_the_suites_tells_of_each():
    page = (Path(__file__).parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")
    for name in suites.names():
        assert f"| `{name}` |" in page


def test_coverage_of_a_suite_names_what_is_missing(tmp_path):
    lines = convergent("list", "coverage", "--suite", "smoke", cwd=tmp_path).stdout.splitlines()
    found = coverage.coverage(suites.load("smoke"))
    assert lines[0].startswith(f"smoke: {found.covered} of 989 pairs")
    assert len(lines) == 1 + len(found.missing)
    assert "missing: batch one, data uniform" in lines


def test_coverage_of_triples_is_told(tmp_path):
    arguments = ["list", "coverage", "--suite", "triples", "--strength", "3"]
    assert convergent(*arguments, cwd=tmp_path).stdout.splitlines() == [
        "triples: 12,353 of 12,353 triples (100 %)"
    ]
