"""The summary on a terminal and the progress of a live run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from convergent.harness.record import End, Loaded
from convergent.reports.terminal import Progress, print_summary

HOSTILE = "[bold]x[/bold] [/] \x1b]0;owned\x07 \x1b[31m"


def _shown(run, width: int = 100, **options) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_summary(run, console, **options)
    return console.file.getvalue()


def test_a_finding_is_a_sentence_and_the_line_that_repeats_it(run_of, wrong) -> None:
    lines = _shown(run_of(wrong(), wrong(case="conv2d:i9_k3"))).splitlines()
    assert lines[0].startswith("✗ differs  torch conv/native[0,3,1] = 1.25, expected 1.5 +/- 3e-07")
    assert lines[0].endswith("and 1 more case")
    assert lines[1].strip() == "convergent repro torch conv/native conv1d:i8_k3"


def test_lines_to_be_copied_are_never_broken(run_of, wrong) -> None:
    found = wrong(case="conv3d:n2_i9x10x11_c4_k3_o6_s2_pSAME_bfloat16_ncdhw_normal_seed12345")
    assert found.repro in _shown(run_of(found), width=40)


@pytest.mark.parametrize("width", [72, 80, 100, 160])
def test_the_table_fits_the_terminal(large_run, width) -> None:
    lines = _shown(large_run, width).splitlines()
    table = lines[lines.index("") + 1 :]
    table = table[: table.index("")]
    assert max(map(len, table)) <= width
    assert "variant" in table[0]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_counts_agreeing_and_made_checks(run_of, outcome, wrong, width) -> None:
    checks = [outcome(case=f"conv1d:i{n}_k3") for n in range(5, 9)]
    gap = outcome(case="conv1d:i99_k3", verdict="unsupported", detail="no")
    shown = _shown(run_of(*checks, wrong(case="conv1d:i9_k3"), gap), width)
    (row,) = [line for line in shown.splitlines() if line.split()[:1] == ["conv"]]
    assert row.split() == ["conv", "4/5", "1", "differs", "·", "1", "8.1e5"]


@pytest.mark.parametrize("width", [20, 40, 71])
def test_no_count_is_lost_where_no_table_fits(run_of, outcome, wrong, width) -> None:
    checks = [outcome(op="transpose", case=f"conv1d:i{n}_k3") for n in range(5, 9)]
    shown = _shown(run_of(*checks, wrong(op="transpose", case="conv1d:i9_k3")), width)
    assert "transpose: agrees 4/5, 1 differs, ratio 8.1e5" in " ".join(shown.split())


def test_many_findings_are_cut_and_the_rest_is_counted(run_of, wrong) -> None:
    run = run_of(*(wrong(method=f"m{n}", case=f"conv1d:i{n + 5}_k3") for n in range(9)))
    shown = _shown(run, most=3)
    assert shown.count("convergent repro") == 3
    assert "... and 6 more groups of findings; see the report" in shown


def test_missing_variants_and_backends_come_with_the_way_to_add_them(run_of, outcome) -> None:
    absent = Loaded(name="jax", error="No module named 'jax'")
    ways = {"tensorflow": 'pip install "convergent[tensorflow]"'}
    shown = _shown(run_of(outcome(), variants=(absent,)), missing=ways)
    assert "jax could not be run: No module named 'jax'\n    pip install" in shown
    assert 'tensorflow is not installed; add it with: pip install "convergent[tens' in shown


def test_it_ends_with_the_answer_and_the_files(run_of, outcome) -> None:
    shown = _shown(run_of(outcome()), report=Path("out/report.html")).splitlines()
    assert shown[-3:] == ["The one check agrees.", "run: runs/ci.jsonl", "report: out/report.html"]
    assert "8% waiting for the harness" in shown[-4]


def test_notes_are_shown(run_of, outcome) -> None:
    assert "note: erratum: 3.5 (1 check)" in _shown(run_of(outcome(note="erratum: 3.5")))


def test_a_run_file_can_neither_style_nor_control_the_terminal(run_of, wrong) -> None:
    found = wrong(variant=HOSTILE, op=HOSTILE, case=HOSTILE, where=HOSTILE, note=HOSTILE)
    absent = Loaded(name="jax" + HOSTILE, error=HOSTILE)
    shown = _shown(run_of(found, variants=(absent,)), report=Path(HOSTILE))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[bold]x[/bold] [/]" in shown


def test_no_color_is_heeded(monkeypatch, large_run) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    print_summary(large_run, console)
    assert "\x1b[31m" not in console.file.getvalue()


def test_an_empty_run_is_shown(run_of) -> None:
    shown = _shown(run_of(end=None, checks=7))
    assert "Nothing was checked. The run ended after 0 of 7 checks." in shown


def test_a_run_that_its_budget_ended_says_so(run_of, outcome) -> None:
    end = End(finished="", wall=60.0, workers=0, harness=0, framework=0, out_of_time=True)
    shown = _shown(run_of(outcome(), end=end, checks=7, variants=(Loaded(name="jax"),)))
    assert "The one check agrees." in shown
    assert "The budget ended the run after 1 of 7 checks." in shown
    assert "jax could not be run: the budget ended before its first check" in shown


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A text file that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_now_and_then(outcome, wrong) -> None:
    clock, console = Clock(), Console(file=io.StringIO(), width=40)
    with Progress({"torch": 201, "jax": 20}, console, clock=clock) as progress:
        for step in range(101):
            clock.now += 0.2
            progress.advance(wrong() if step == 3 else outcome())
            if step == 60:
                progress.advance(outcome(variant="jax"))
    assert console.file.getvalue().splitlines() == [
        "50 of 221 checks (23%), 1 finding, 5 per second, about 17 s left",
        "101 of 221 checks (46%), 1 finding, 5 per second, about 12 s left",
    ]


def test_no_more_time_is_left_than_the_budget_has(outcome) -> None:
    clock, console = Clock(), Console(file=io.StringIO())
    progress = Progress({"torch": 1001, "jax": 9}, console, budget=100.0, clock=clock)
    for _ in range(101):
        progress.advance(outcome())
        clock.now += 0.5
    assert progress.line().endswith("about 50 s left")


def test_the_slowest_variant_decides_how_long_it_takes(outcome) -> None:
    clock = Clock()
    progress = Progress({"torch": 1001, "jax": 11}, Console(file=io.StringIO()), clock=clock)
    for step in range(5):
        progress.advance(outcome(variant="jax"))
        for _ in range(101 if step < 4 else 0):
            progress.advance(outcome())
        clock.now += 2.0 if step < 4 else 0.0
    assert progress.line().endswith("about 12 s left")


def test_a_short_run_leaves_no_trace_in_a_log(outcome) -> None:
    console = Console(file=io.StringIO())
    with Progress({"torch": 1}, console) as progress:
        progress.advance(outcome())
    assert console.file.getvalue() == ""


def test_a_forced_colour_makes_no_terminal_of_a_log(monkeypatch, outcome) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = Console(file=io.StringIO())
    with Progress({"torch": 1}, console) as progress:
        progress.advance(outcome())
    assert console.file.getvalue() == ""


def test_a_terminal_gets_a_bar_per_variant(outcome, wrong) -> None:
    file = Terminal()
    console = Console(file=file, width=100, force_terminal=True, _environ={"TERM": "xterm"})
    with Progress({"torch": 2, "jax": 3}, console) as progress:
        for found in (outcome(), wrong(), outcome(variant="jax"), outcome(variant="unplanned")):
            progress.advance(found)
    shown = file.getvalue()
    for said in ("torch", "jax", "unplanned", "2/2", "1/3", "1 finding"):
        assert said in shown


def test_one_bug_seen_by_several_methods_is_told_once(run_of, wrong) -> None:
    run = run_of(
        *(wrong(method=name) for name in ("native", "aten", "layer")), wrong(op="transpose")
    )
    shown = _shown(run)
    assert shown.count("convergent repro") == 2
    assert "the same by aten, layer" in shown


def test_many_variants_have_a_row_each_and_few_a_row_per_op(run_of, outcome) -> None:
    modes = ("torch", "torch:no_onednn", "torch:compile", "torch:threads1", "torch:threads8")
    checks = [outcome(variant=name, kernel="onednn ref:any") for name in modes]
    many = _shown(run_of(*checks))
    assert all(name in many for name in modes)
    assert "  conv " not in many
    assert "kernels" not in many
    few = _shown(run_of(*checks[:2]))
    assert "  conv " in few
    assert "kernels of torch:no_onednn: onednn ref:any (1)" in few
    assert "ways checked (op x method x variant): torch 2" in few


def test_a_framework_s_novel_is_cut_and_its_repro_line_is_not(run_of, outcome) -> None:
    detail = "StagingError: in user code " + "File x, line 1 " * 200 + "LookupError: no gradient"
    found = outcome(verdict="raised", detail=detail)
    first, second, *_ = _shown(run_of(found)).splitlines()
    assert len(first) < 500
    assert "StagingError" in first
    assert "LookupError: no gradient" in first
    assert second.strip() == found.repro
