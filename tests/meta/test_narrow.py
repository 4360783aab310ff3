"""Planted mistakes shrink to the cases that a person would make for them."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from convergent.backends import registry
from convergent.cases.order import rank
from convergent.cases.text import parse
from convergent.harness import run
from convergent.harness.cli import shrink as cli
from convergent.harness.judge import judge
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Selection
from convergent.harness.reduce import Reducer
from convergent.harness.referee import Referee
from convergent.harness.shrink import Failure, shrink
from convergent.harness.worker.client import Answer

# Method, where it starts, the minimum made by hand, and how many evaluations are enough.
PLANTED = [
    (
        "strided_dilated",
        "conv3d:n2_i9x8x7_c4_k3x2x2_o6_s1x2x3_d1x1x2_p1_g2_ncdhw",
        "conv1d:i1_k1_s2_d2",
        40,
    ),
    ("many_channels", "conv2d:n2_i9x10_c64_k3_o32_g2_pSAME_normal_seed3", "conv1d:i1_c17_k1", 60),
    ("last_row", "conv2d:n2_i10x9_c4_k3_o6_s4x3_p1_g2", "conv1d:i2_k1_s2", 80),
    (
        "batched",
        "conv3d:n7_i5x6x7_c4_k3_o6_s2_pSAMELOWER_g2_float64_gapped",
        "conv1d:n2_i1_k1_float64",
        70,
    ),
    ("odd_groups", "conv2d:n2_i9x10_c30_k3_o45_g15_d2_pSAME", "conv1d:i1_c3_k1_o3_g3", 70),
    (
        "channels_first",
        "conv2d:n3_i9x10_c4_k3x5_o6_g2_s2_p1+2x2_nchw_uniform_seed7",
        "conv2d:i1_k1_nchw",
        50,
    ),
    (
        "float16",
        "conv3d:n2_i5x6x7_c4_k3_o6_s2_d2_pSAME_g2_float16_ncdhw_normal_seed3",
        "conv1d:i1_k1_float16",
        30,
    ),
    ("kernel_2x3", "conv2d:n2_i9x10_c4_k2x3_o6_s2_d2_g2_p1", "conv2d:i1_k2x3_p1", 110),
    ("wide_as_channels", "conv2d:n2_i9x18_c4_k3_o16_g2_nchw", "conv1d:i2_k1_o2_ncw", 80),
    ("kernel_beyond_input", "conv2d:n2_i3x4_c8_k5_o16_g8_p3_d2", "conv1d:i1_c2_k2_o2_g2_p1", 90),
    ("says_sizes", "conv2d:n3_i9x10_c4_k3_o6_s2_pSAME_g2", "conv1d:n2_i1_k1", 40),
    ("says_sizes", "conv2d:n9_i9x10_c4_k3_o6_s2_pSAME_g2", "conv1d:n4_i1_k1", 40),
]
ENDS = [
    ("even_kernel_aborts", "conv2d:n2_i9x10_c4_k4x3_o6_s2_pSAME_g2", "conv1d:i1_k2_p1", "SIGABRT"),
    ("far_padding_hangs", "conv2d:n2_i6x7_c3_k3x2_o4_p4_normal", "conv1d:i1_k1_p1", "after 1 s"),
]
BATCH = "conv2d:n3_i9x10_c4_k3_o6_g2_s2_d2"


class Here:
    """Asks the planted backend in this process: as a worker would be asked, but at once."""

    def __init__(self):
        self.referee, self.backend = Referee(), registry.get("narrow")()

    def __call__(self, variant, key, case):
        operands = self.referee.operands(case)
        try:
            found = self.backend.run(key, case, self.backend.tensors(case, operands), str, 2)
        except (RuntimeError, MemoryError) as error:
            said = {"is": "raised", "message": f"{type(error).__name__}: {error}"}
            answer = Answer(said, [])
        else:
            answer = Answer({"is": "result", "dtype": found.dtype}, list(found.arrays))
        judged = msgspec.structs.asdict(judge(self.referee, case, key, answer))
        op, _, method = key.partition("/")
        return Outcome(variant=variant, op=op, method=method, case=str(case), **judged)


def reducer(**limits):
    return Reducer(ledger=Ledger(()), **limits)


@pytest.mark.parametrize(("method", "start", "by_hand", "enough"), PLANTED)
def test_a_planted_mistake_shrinks_to_the_minimum_made_by_hand(method, start, by_hand, enough):
    ask = Here()
    failure = Failure(ask, ask("narrow", f"conv/{method}", parse(start)))
    found = shrink(failure, parse(start))
    assert found.complete
    assert rank(found.case) <= rank(parse(by_hand)), found
    assert found.evaluations <= enough
    assert failure.smallest == found.case


@pytest.mark.parametrize(("method", "start", "by_hand", "said"), ENDS)
def test_crashes_and_hangs_shrink_too(method, start, by_hand, said):
    found = reducer(timeout=1.0)("narrow", f"conv/{method}", parse(start))
    assert found.complete
    assert rank(parse(found.outcome.case)) <= rank(parse(by_hand)), found
    assert said in found.outcome.detail
    assert found.held == 3
    assert found.evaluations <= 40


def test_a_crash_in_an_innocent_case_is_seen_through():
    found = reducer()("narrow", "conv/broken_heap_aborts", parse("conv1d:n2_i4_k2_d2"))
    assert found.outcome.case == "conv1d:n2_i1_k1"
    assert found.complete
    assert not found.is_flaky


def test_a_flaky_failure_is_said():
    found = reducer(most=2)("narrow", "conv/now_and_then", parse(BATCH))
    assert found.is_flaky
    assert found.held < 3


def test_an_interrupt_gives_the_smallest_so_far():
    def interrupt(case, evaluations):
        if evaluations == 9:
            raise KeyboardInterrupt

    found = reducer(watch=interrupt)("narrow", "conv/batched", parse(BATCH))
    assert found.interrupted
    assert not found.complete
    assert found.evaluations == 9
    assert rank(parse(found.outcome.case)) < rank(parse(BATCH))
    assert found.outcome.verdict == "differs"


def test_the_command_line_tells_the_minimum(monkeypatch):
    done = CliRunner().invoke(cli.command, ["narrow", "conv/batched", BATCH])
    assert done.exit_code == 1
    said = done.output.splitlines()
    assert said[0] == "conv1d:n2_i1_k1"
    assert said[1].startswith("1-D: 2 images of 1")
    assert said[-2] == "convergent repro narrow conv/batched conv1d:n2_i1_k1"
    assert said[-1].startswith("minimal: ")
    by_id = CliRunner().invoke(cli.command, [f"narrow/conv/batched/{BATCH}"])
    assert by_id.output.splitlines()[:-1] == said[:-1]


def test_what_agrees_is_nothing_to_shrink():
    done = CliRunner().invoke(cli.command, ["narrow", "conv/batched", "conv1d:i3_k2"])
    assert done.exit_code == 0
    assert done.output == "nothing to shrink: it agrees\n"


def test_the_findings_of_a_run_are_shrunk_into_a_file_beside_it(tmp_path):
    options = Options(
        variants=("narrow",),
        folder=tmp_path,
        selection=Selection(methods=("batched", "says_sizes", "float16")),
    )
    cases = [parse(BATCH), parse("conv1d:i4_k3"), parse("conv2d:n4_i9_c2_k3")]
    path = tmp_path / run.RUN_FILE
    run.run(cases, options, Ledger(()))
    done = CliRunner().invoke(cli.command, ["--run", str(path)])
    assert done.exit_code == 1, done.output
    lines = [json.loads(line) for line in (tmp_path / cli.RESULTS).read_text().splitlines()]
    found = {(line["outcome"]["method"], line["outcome"]["case"]) for line in lines}
    assert found == {("batched", "conv1d:n2_i1_k1"), ("says_sizes", "conv1d:n2_i1_k1")}
    assert all(line["complete"] and line["held"] == 3 for line in lines)
    assert not list(tmp_path.glob(f".{cli.RESULTS}*"))


def test_an_interrupted_file_holds_what_was_done(tmp_path, monkeypatch):
    options = Options(
        variants=("narrow",), folder=tmp_path, selection=Selection(methods=("batched",))
    )
    run.run([parse(BATCH)], options, Ledger(()))

    def interrupt(case, evaluations):
        if evaluations:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_progress", interrupt)
    done = CliRunner().invoke(cli.command, ["--run", str(tmp_path / run.RUN_FILE)])
    assert done.exit_code == 2
    assert len((tmp_path / cli.RESULTS).read_text().splitlines()) == 1


def test_a_run_of_somebody_else_does_no_harm(tmp_path):
    path = tmp_path / run.RUN_FILE
    options = Options(
        variants=("narrow",), folder=tmp_path, selection=Selection(methods=("batched",))
    )
    run.run([parse(BATCH)], options, Ledger(()))
    text = path.read_text()
    path.write_text(text.replace('"variant":"narrow"', '"variant":"caffe"'))
    done = CliRunner().invoke(cli.command, ["--run", str(path)])
    assert done.exit_code == 3
    assert "caffe" in done.output
    path.write_text(text.replace(f'"{BATCH}"', '"conv2d:nonsense"'))
    assert CliRunner().invoke(cli.command, ["--run", str(path)]).exit_code == 3
