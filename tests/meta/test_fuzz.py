"""A planted backend that is rarely wrong is found out, once and small, whatever else it does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from convergent.cases.errors import NothingLeft, RunFileDamaged
from convergent.cases.text import parse
from convergent.harness import fuzz, record
from convergent.harness.cli import choose, main
from convergent.harness.envs.parts import source_roots
from convergent.harness.fuzz import folder, look
from convergent.harness.fuzz.findings import Findings, finding
from convergent.harness.fuzz.state import State
from convergent.harness.fuzz.turns import Turns
from convergent.harness.fuzz.ways import Ways
from convergent.harness.ledger import Entry, Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Selection
from convergent.harness.run import RUN_FILE

PLANTED = str(Path(__file__).parent / "planted")
BUDGET = 100.0  # no test takes as long, unless the machine is busy with other things
RARE = ("honest", "rare", "rare_too")
MINIMUM = "conv1d:i1_c2_k1_o2_g2_s2_d2"


def options(path, *, methods=RARE, variants=("rare",), timeout=2.0, **changes):
    selection = Selection(methods=methods)
    return Options(
        variants=variants, folder=path, selection=selection, timeout=timeout, jobs=1, **changes
    )


def hits(state):
    return sum(tally.hits for tally in state.tallies.values())


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def often(tmp_path_factory):
    """Fuzz two ways to one rare bug until it was hit often."""
    path = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLANTED)
        patch.setenv("PYTHONPATH", PLANTED)
        first = []

        def watch(state):
            if state.findings.all and not first:
                first.append(len(state.steering.tried))
            return hits(state) >= 150

        yield path, fuzz.fuzz(options(path), BUDGET, Ledger(()), watch=watch), first[0]


def test_a_rare_bug_is_found_soon(often):
    _, _, cases = often
    assert cases < 100


def test_hundreds_of_hits_are_one_finding_by_two_ways_shrunk_to_the_smallest_case(often):
    _, found, _ = often
    assert hits(found.state) >= 150
    (group,) = found.state.findings.grouped()
    assert sorted(one.outcome.method for one in group) == ["rare", "rare_too"]
    for one in group:
        assert one.state == "shrunk"
        assert one.complete
        assert one.case.replace(dtype="float32") == parse(MINIMUM)
    assert sum(one.seen for one in group) == hits(found.state)
    assert found.exit_code == 1


def test_findings_corpus_and_run_file_say_the_same(often):
    path, found, _ = often
    written = lines(path / "findings.jsonl")
    assert [one["repro"] for one in written] == [one.repro for one in found.state.findings.all]
    assert {"sentence", "seen", "features", "when", "found_in"} <= written[0].keys()
    run = record.read(path / RUN_FILE)
    asked = {o.case for o in run.outcomes}
    assert len(found.state.steering.tried - asked) <= 1  # it was drawn when the end came
    corpus = (path / "corpus.txt").read_text().splitlines()[2:]
    assert {parse(line.partition("#")[0]) for line in corpus} == set(found.state.steering.corpus)
    assert all("#" in line for line in corpus)
    assert run.end is not None


def test_what_is_learnt_again_from_the_file_is_the_same(often):
    path, found, _ = often
    known = folder.read_findings(path / "findings.jsonl")
    state = State(options(path), (), known)
    for outcome in record.read(path / RUN_FILE).outcomes:
        state.learn(outcome, again=True)
    assert len(found.state.steering.tried - state.steering.tried) <= 1
    assert len(set(found.state.steering.corpus) ^ set(state.steering.corpus)) <= 1
    assert state.tallies["rare"].hits == found.state.tallies["rare"].hits
    assert [one.seen for one in known] == [one.seen for one in found.state.findings.all]
    assert not state.pending["rare"]


def test_a_crasher_and_a_hanger_do_not_stop_it(planted, tmp_path, monkeypatch):
    monkeypatch.setattr(look, "SECONDS", 2.0)
    monkeypatch.setattr(look, "_LEAST_LIMIT", 0.5)
    cases = (
        "conv3d:i4_c2_k2_o3_s2_float64",
        "conv2d:n5_i4_k2_nchw",
        "conv1d:i9_k3",
        "conv1d:i8_k3",
    )
    found = fuzz.fuzz(
        options(tmp_path, methods=("crasher", "hanger", "honest"), timeout=1.0),
        BUDGET,
        Ledger(()),
        start=map(parse, cases),
        watch=lambda state: state.tallies["rare"].checks >= 12 and len(state.findings.all) >= 2,
    )
    by_verdict = {one.outcome.verdict: one for one in found.state.findings.all}
    assert set(by_verdict) == {"crashed", "timed_out"}
    assert by_verdict["crashed"].case.dims == 3
    assert by_verdict["timed_out"].case.batch >= 4
    assert by_verdict["timed_out"].state == by_verdict["crashed"].state == "shrunk"
    run = record.read(tmp_path / RUN_FILE)
    assert {o.case for o in run.outcomes if o.method == "honest"} >= set(cases)


def test_a_wrong_result_of_a_used_worker_alone_is_called_unsteady(planted, tmp_path):
    chosen = options(tmp_path, methods=("tired",))
    found = fuzz.fuzz(chosen, BUDGET, Ledger(()), watch=lambda s: bool(s.findings.all))
    assert [one.state for one in found.state.findings.all] == ["unsteady"]
    assert found.exit_code == 1


def test_what_is_slow_is_no_hang(planted, tmp_path):
    found = fuzz.fuzz(
        options(tmp_path, methods=("slow",), timeout=1.0),
        BUDGET,
        Ledger(()),
        start=[parse("conv1d:n2_i9_k3")],
        watch=lambda state: state.tallies["rare"].unjudged > 0 or len(state.findings.all) > 0,
    )
    assert found.state.findings.all == []
    assert found.exit_code == 0
    outcomes = {o.case: o.verdict for o in record.read(tmp_path / RUN_FILE).outcomes}
    assert outcomes["conv1d:n2_i9_k3"] == "agrees"


def test_variants_get_the_same_cases_and_about_the_same_time(planted, tmp_path):
    chosen = options(tmp_path, variants=("rare", "rare:fixed"))
    turns = Turns(chosen.variants, 1, 60.0)
    assert [turns.take(), turns.take(), turns.take()] == ["rare", "rare:fixed", None]
    turns.give("rare", 30.0)
    turns.give("rare:fixed", 20.0)
    assert turns.take() == "rare:fixed"
    state = State(chosen, (), ())
    mine = [state.next("rare")[0] for _ in range(30)]
    other = [state.next("rare:fixed")[0] for _ in range(30)]
    assert sorted(map(str, mine)) == sorted(map(str, other))


def test_every_method_has_its_turn_and_a_slow_one_fewer(planted):
    ways, asked = Ways("rare", Selection()), Counter()
    state = State(options(Path(), methods=()), (), ())
    for _ in range(200):
        case = state.steering.draw()
        for key in ways.choose(case):
            asked[key] += 1
            ways.count(key, case)
            ways.time(key, 0.5 if key == "conv/hanger" else 0.03)
    assert set(asked) == set(ways.possible(case))
    assert 5 < asked["conv/hanger"] < asked["conv/honest"] / 3


def test_a_fuzz_that_was_killed_goes_on_and_loses_and_repeats_nothing(planted, tmp_path):
    path = os.pathsep.join([*map(str, source_roots()), str(PLANTED)])
    command = [sys.executable, "-m", "convergent", "fuzz", "--backend", "rare", "-j", "1",
               "--method", "rare*", "--budget", "90s", "-o", str(tmp_path)]  # fmt: skip
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL
    )
    findings, run = tmp_path / "findings.jsonl", tmp_path / RUN_FILE
    while not (findings.exists() and findings.stat().st_size) or run.stat().st_size < 30_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = {o.id for o in record.read(run).outcomes}
    known = {one["repro"] for one in lines(findings)}
    resumed = fuzz.fuzz(
        options(tmp_path, methods=("rare*",), timeout=30.0, resume=True, suite="fuzz"),
        BUDGET,
        Ledger(()),
        watch=lambda state: len(state.steering.tried) > len(before) and len(known) > 0,
    )
    assert known <= {one.repro for one in resumed.state.findings.all}
    assert len(resumed.state.findings.grouped()) == 1
    recorded = [o for o in lines(run) if o["type"] == "check"]
    ids = Counter("/".join((o["variant"], o["op"], o["method"], o["case"])) for o in recorded)
    minima = {one.outcome.id for one in resumed.state.findings.all}
    assert set(ids) >= before
    assert {name for name, count in ids.items() if count > 1} <= minima
    old = {name.rpartition("/")[2] for name in before}
    again = {o["case"] for o in recorded[len(before) :]} & old
    assert again <= {name.rpartition("/")[2] for name in minima}


def test_what_the_ledger_has_learnt_meanwhile_is_no_finding_when_resumed(planted, tmp_path, often):
    path, _, _ = often
    for name in (RUN_FILE, "findings.jsonl"):
        (tmp_path / name).write_bytes((path / name).read_bytes())
    known = Entry(
        variant="rare", checks=("conv/rare*",), verdicts=("differs",), kind="notyet",
        example=f"conv/rare/{MINIMUM}", reason="planted", issue="not reported before",
    )  # fmt: skip
    resumed = fuzz.fuzz(
        options(tmp_path, resume=True), BUDGET, Ledger([known]), watch=lambda _: True
    )
    assert resumed.state.findings.all == []
    assert resumed.exit_code == 0
    assert resumed.state.tallies["rare"].known >= 150


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_fuzz_that_is_ended_says_what_it_found(planted, tmp_path, sent):
    path = os.pathsep.join([*map(str, source_roots()), str(PLANTED)])
    command = [sys.executable, "-m", "convergent", "fuzz", "--variant", "rare:fixed", "-j", "1",
               "--method", "rare", "--budget", "90s", "-o", str(tmp_path)]  # fmt: skip
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    )
    run = tmp_path / RUN_FILE
    while not run.exists() or run.stat().st_size < 5_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(sent)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    assert "all agree" in shown
    for name in ("report.html", "findings.md", "findings.jsonl", "corpus.txt"):
        assert (tmp_path / name).exists()


def test_a_wish_that_nothing_fulfils_is_said(planted, tmp_path):
    chosen = Options(
        variants=("rare",), folder=tmp_path, selection=Selection(keyword="nowhere"), jobs=1
    )
    with pytest.raises(NothingLeft, match="loosen"):
        fuzz.fuzz(chosen, BUDGET, Ledger(()))


def test_another_fuzz_is_not_resumed_and_damaged_findings_are_said(planted, tmp_path, often):
    path, _, _ = often
    for name in (RUN_FILE, "findings.jsonl"):
        (tmp_path / name).write_bytes((path / name).read_bytes())
    with pytest.raises(RunFileDamaged, match="no fuzz of these variants"):
        fuzz.fuzz(options(tmp_path, resume=True, seed=3), 1.0, Ledger(()))
    (tmp_path / "findings.jsonl").write_text('{"outcome": 3}\n')
    with pytest.raises(RunFileDamaged, match="line 1 is no finding"):
        fuzz.fuzz(options(tmp_path, resume=True), 1.0, Ledger(()))


def test_findings_whose_run_is_gone_are_put_aside(tmp_path):
    (tmp_path / "findings.jsonl").write_text("{}\n")
    assert folder.prepare(options(tmp_path, resume=True)) is None
    (aside,) = tmp_path.iterdir()
    assert aside.name != "findings.jsonl"
    assert aside.read_text() == "{}\n"


def wrong(case, **said):
    return Outcome(variant="a", op="conv", method="m", case=case, verdict="differs", **said)


def test_what_the_cases_of_a_finding_have_in_common_is_learnt():
    least, hit = wrong("conv1d:i1_k1_s2"), wrong("conv2d:i5_k3_s2_nchw")
    findings = Findings()
    kept = findings.add(finding(hit, least, "shrunk", "now"))
    assert "strided" in kept.common
    assert "1d" not in kept.common
    assert findings.match(wrong("conv3d:i7_k3_s3_ncdhw")) is kept
    assert findings.match(wrong("conv3d:i7_k3")) is None
    assert findings.match(wrong("conv2d:i7_k3_s2", model="it rounds")) is None
    other = findings.add(finding(wrong("conv1d:i9_k1_s2_float16"), least, "shrunk", "now"))
    assert len(findings.all) == 1
    assert other.outcome is least


def test_a_local_minimum_is_the_finding_that_it_is_a_case_of():
    findings = Findings()
    stuck = finding(
        wrong("conv3d:i9_k1_s1x1x2_d2x1x1"), wrong("conv2d:i1_k1_s1x2_d2x1"), "shrunk", ""
    )
    stuck.seen = 3
    findings.add(stuck)
    least = finding(wrong("conv2d:i7x9_k1_s2_d2"), wrong("conv1d:i1_k1_s2_d2"), "shrunk", "")
    least.seen = 2
    assert findings.add(least) is least
    assert findings.all == [least]
    assert least.seen == 5
    assert findings.match(wrong("conv2d:i7_k1_s1x2_d2x1")) is least


def test_one_of_many_is_looked_into_all_the_same():
    one = finding(wrong("conv1d:i1_k1"), wrong("conv1d:i1_k1"), "shrunk", "now")
    due = []
    for one.seen in range(1, 600):
        if one.is_due:
            due.append(one.seen)
    assert due == [8, 64, 512]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--budget", "soon"], "10m"),
        (["--budget", "0s"], "between"),
        (["--corpus", "nothing"], "suite"),
        (["--backend", "caffe"], "caffe"),
        (["--method", "magic*"], "magic"),
        (["-k", "torch and"], "-k"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["convergent", "fuzz", *arguments])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90", 90), ("10m", 600), ("1h30m", 5400)]
)
def test_a_budget_is_a_time_with_its_unit(text, seconds):
    assert choose.DURATION.convert(text, None, None) == seconds
