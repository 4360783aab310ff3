"""Baselines: the same finding is no news, another one is, and what is fixed is told."""

import json
import re

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from convergent.cases.errors import ConvergentError, InvalidBaseline
from convergent.harness import baseline, record
from convergent.harness.cli import baseline as cli
from convergent.harness.cli import run as running
from convergent.harness.ledger import Entry, Ledger
from convergent.harness.outcome import Outcome
from convergent.harness.record import End, Header, Loaded, Writer

CASE = "conv1d:i5_k2"


def outcome(verdict="differs", variant="torch", case=CASE, **more):
    more = {"question": "value"} | more if verdict in {"differs", "degraded"} else more
    return Outcome(variant=variant, op="conv", method="native", case=case, verdict=verdict, **more)


def based(*outcomes):
    head = baseline.Head(version="1", frameworks={})
    return baseline.Baseline(head=head, findings=tuple(sorted(map(baseline.finding, outcomes))))


def written(path, *outcomes, planned=None):
    """Write a run file."""
    path.unlink(missing_ok=True)
    writer = Writer(path)
    writer.write(
        Header(
            version="1", started="2026", argv=[], suite="s", seed=0, variants=["torch"], cases=1,
            checks=len(outcomes) if planned is None else planned, plan="p", environment={},
        )
    )  # fmt: skip
    writer.write(Loaded(name="torch", loaded={"version": "2.13.0"}))
    for one in outcomes:
        writer.write(one)
    writer.write(End(finished="2026", wall=1.0, workers=1.0, harness=0.0, framework=1.0))
    writer.close()
    return path


def call(*arguments):
    """Return exit code and output of ``convergent baseline``, as the command line ends it."""
    done = CliRunner().invoke(cli.command, [str(a) for a in arguments], standalone_mode=False)
    if isinstance(done.exception, ConvergentError):
        return 4, str(done.exception)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


# ------------------------------------------------------------------------------- the same finding


@pytest.mark.parametrize(
    ("before", "now", "how"),
    [
        (outcome(), outcome(), "same"),
        (outcome(), outcome(variant="torch==2.12.1"), "same"),
        (outcome(variant="torch@/opt/python:compile"), outcome(variant="torch:compile"), "same"),
        (outcome(diagnosis="dilation ignored"), outcome(diagnosis="unexplained"), "same"),
        (outcome("degraded", model="a"), outcome("degraded", model="a"), "same"),
        (outcome("raised", detail="a"), outcome("raised", detail="b"), "same"),
        (outcome(), outcome("degraded", model="a"), "milder"),
        (outcome("crashed"), outcome("degraded", model="a"), "milder"),
        (outcome(), outcome(variant="torch:compile"), "new"),
        (outcome(), outcome(case="conv1d:i6_k2"), "new"),
        (outcome(), outcome("crashed"), "new"),
        (outcome("crashed"), outcome(), "new"),
        (outcome("timed_out"), outcome("raised"), "new"),
        (outcome(), outcome(question="repeat"), "new"),
        (outcome("degraded", model="a"), outcome(), "new"),
        (outcome("degraded", model="a"), outcome("degraded", model="b"), "new"),
        (outcome("mistrusted"), outcome("degraded", model="a"), "new"),
        (outcome(), outcome("mistrusted"), "new"),
    ],
)
def test_what_counts_as_the_same(before, now, how):
    found = baseline.compare(based(before), [now])
    assert ("same", "milder", "new")[
        [bool(found.same), bool(found.milder), True].index(True)
    ] == how
    assert len(found.new) == (how == "new")
    assert found.fixed == ()
    excused = baseline.Excuses(Ledger([]), based(before), "b.jsonl").excuse(now, "1.0")
    assert excused.is_finding == (how == "new")
    assert excused.known in ({""} if how == "new" else {"in the baseline b.jsonl"})


def test_a_check_that_fails_otherwise_is_told_with_what_it_was():
    found = baseline.compare(based(outcome()), [outcome("crashed")])
    assert [f.verdict for f in found.changed] == ["differs"]
    assert (found.same, found.fixed, found.unseen) == ((), (), ())


@pytest.mark.parametrize(
    ("now", "became"),
    [
        ([outcome("agrees")], "fixed"),
        ([outcome(known="explained (https://...)")], "fixed"),
        ([outcome("unsupported")], "unseen"),
        ([], "unseen"),
        ([outcome("agrees", case="conv1d:i6_k2")], "unseen"),
        ([outcome("agrees"), outcome(variant="torch==2.12.1")], "same"),
    ],
)
def test_what_is_no_longer_found_is_fixed_only_if_it_was_run(now, became):
    found = baseline.compare(based(outcome()), now)
    counts = {name: len(getattr(found, name)) for name in ("same", "changed", "fixed", "unseen")}
    assert counts == {"same": 0, "changed": 0, "fixed": 0, "unseen": 0, became: 1}
    assert found.new == ()


def test_the_ledger_speaks_before_the_baseline():
    entry = Entry(
        variant="torch", checks=("conv/*",), verdicts=("differs",), example=f"conv/native/{CASE}",
        kind="notyet", reason="drops the last column", issue="https://example.org/1",
    )  # fmt: skip
    excuses = baseline.Excuses(Ledger([entry]), based(outcome(), outcome("raised")), "b.jsonl")
    assert excuses.excuse(outcome(), "1.0").known.startswith("drops the last column")
    assert excuses.stale() == []
    assert excuses.excuse(outcome("raised"), "1.0").known == "in the baseline b.jsonl"
    assert excuses.stale() == [entry]  # that a baseline excuses it makes no entry true


# ----------------------------------------------------------------------------------------- the file

FINDINGS = st.builds(
    baseline.Finding,
    variant=st.sampled_from(["torch", "jax:jit", "tensorflow"]),
    check=st.sampled_from(["conv/native", "transpose/native@flipped"]),
    case=st.sampled_from([CASE, "conv2d:i5_k2"]),
    verdict=st.sampled_from(["differs", "raised", "degraded"]),
    question=st.sampled_from(["", "value"]),
    model=st.text(st.characters(categories=["L", "N"]), max_size=3),
)


@given(st.lists(FINDINGS, max_size=8))
def test_what_is_written_is_read(tmp_path_factory, findings):
    path = tmp_path_factory.mktemp("b") / "b.jsonl"
    made = msgspec.structs.replace(based(), findings=tuple(sorted(set(findings))))
    baseline.write(made, path)
    assert baseline.read(path) == made
    assert len(path.read_text().splitlines()) == 1 + len(made.findings)


def test_a_file_is_the_same_whatever_the_order_the_times_and_the_place(tmp_path):
    one = [outcome(seconds=1.0, digest="a"), outcome("agrees", case="conv1d:i6_k2"),
           outcome("raised", variant="jax"), outcome(known="explained")]  # fmt: skip
    one[0] = msgspec.structs.replace(one[0], case="conv1d:i7_k2")
    two = [msgspec.structs.replace(o, seconds=2.0, digest="b", ratio=3.0) for o in reversed(one)]
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    for path, outcomes in ((first, one), (second, two)):
        assert call("save", written(tmp_path / "run.jsonl", *outcomes), "-o", path)[0] == 0
    assert first.read_bytes() == second.read_bytes()
    lines = [json.loads(line) for line in first.read_text().splitlines()]
    assert lines[0]["frameworks"] == {"torch": "2.13.0"}
    assert [(line["variant"], line["verdict"]) for line in lines[1:]] == [
        ("jax", "raised"),
        ("torch", "differs"),
    ]


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (lambda lines: [], 1, "no baseline's header"),
        (lambda lines: lines[1:], 1, "no baseline's header"),
        (lambda lines: ["[]", *lines[1:]], 1, "no baseline's header"),
        (lambda lines: [lines[0].replace('"schema":1', '"schema":9'), *lines[1:]], 1, "schema 9"),
        (lambda lines: [*lines[:2], lines[2][:-9]], 3, "no finding"),
        (lambda lines: [lines[0], "<<<<<<< HEAD", *lines[1:]], 2, "no finding"),
        (lambda lines: [*lines, "", lines[1]], 4, "no finding"),
        (lambda lines: [*lines, lines[1].replace("differs", "wrong")], 4, "no finding"),
        (lambda lines: [*lines, lines[1].replace("differs", "agrees")], 4, "no finding"),
        (lambda lines: [*lines, lines[1].replace("torch", "to\\u001b[31mrch")], 4, "printed"),
        (lambda lines: [*lines, lines[1].replace("{", '{"seconds":3,', 1)], 4, "no finding"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_the_line(tmp_path, change, line, said):
    path = tmp_path / "b.jsonl"
    baseline.write(based(outcome(), outcome("raised", case="conv1d:i6_k2")), path)
    path.write_text("".join(f"{text}\n" for text in change(path.read_text().splitlines())))
    with pytest.raises(InvalidBaseline, match=rf"b.jsonl, line {line}: .*{re.escape(said)}"):
        baseline.read(path)
    code, told = call("check", written(tmp_path / "run.jsonl"), path)
    assert code == 4
    assert len(told.splitlines()) == 1


# ------------------------------------------------------------------------------------- the commands


@pytest.fixture
def files(tmp_path):
    """Return a run file and a baseline of two findings of it."""
    path, kept = tmp_path / "run.jsonl", tmp_path / "b.jsonl"
    written(path, outcome(), outcome("raised", case="conv1d:i6_k2"))
    assert call("save", path, "-o", kept) == (0, f"2 findings written to {kept}\n")
    return path, kept


def test_a_run_with_nothing_new_passes(files):
    code, said = call("check", *files)
    assert (code, said) == (
        0,
        "0 new, 2 in the baseline, 0 fixed, 0 of checks that were not run\n",
    )


def test_a_folder_stands_for_its_run(files):
    assert call("check", files[0].parent, files[1])[0] == 0


def test_a_new_finding_fails_and_is_told_once_for_its_group(files):
    path, kept = files
    new = [outcome(variant="jax==0.9.2:jit", case=f"conv1d:i{i}_k2") for i in (9, 8, 7)]
    written(path, outcome(), outcome("crashed", case="conv1d:i6_k2"), *new)
    before = kept.read_bytes()
    code, said = call("check", path, kept, "--update")
    assert code == 1
    assert "new: jax==0.9.2:jit conv/native: differs  and 2 more cases\n" in said
    assert "    convergent repro jax==0.9.2:jit conv/native conv1d:i7_k2\n" in said
    assert "before: torch/conv/native/conv1d:i6_k2: raised\n" in said
    assert "4 new, 1 in the baseline, 0 fixed" in said
    assert kept.read_bytes() == before


def test_what_is_fixed_is_told_fails_if_strict_and_goes_by_updating(files):
    path, kept = files
    written(path, outcome("agrees"), outcome("degraded", case="conv1d:i6_k2", model="a"))
    code, said = call("check", path, kept)
    assert code == 0
    assert f"fixed: torch/conv/native/{CASE}: differs\n" in said
    assert "milder: torch/conv/native/conv1d:i6_k2: degraded (a)\n" in said
    assert call("check", path, kept, "--strict")[0] == 1
    code, said = call("check", path, kept, "--strict", "--update")
    assert code == 0
    assert [(f.case, f.verdict) for f in baseline.read(kept).findings] == [
        ("conv1d:i6_k2", "degraded")
    ]
    assert call("check", path, kept, "--strict")[0] == 0
    written(path, outcome("raised", case="conv1d:i6_k2"))
    assert call("check", path, kept)[0] == 1  # as bad as it was once: news again


def test_what_is_milder_in_one_version_stays_as_it_was_for_another():
    before = based(outcome("raised"))
    now = [
        outcome("raised", variant="torch==2.12.1"),
        outcome("degraded", model="accumulates in float16"),
    ]
    lowered = baseline.lowered(before, baseline.compare(before, now))
    assert not baseline.compare(lowered, now).new


def test_checks_that_were_not_run_are_left_alone(files):
    path, kept = files
    written(path, outcome("agrees"), planned=5)
    code, said = call("check", path, kept, "--update")
    assert code == 0
    assert "1 fixed, 1 of checks that were not run" in said
    assert "holds 1 of 5 checks" in said
    assert [f.case for f in baseline.read(kept).findings] == ["conv1d:i6_k2"]


def test_what_is_missing_is_told_with_the_way_out(files, tmp_path):
    code, said = call("check", files[0], tmp_path / "none.jsonl")
    assert code == 4
    assert "convergent baseline save" in said
    assert call("save", tmp_path / "none.jsonl", "-o", tmp_path / "c.jsonl")[0] == 4
    assert not (tmp_path / "c.jsonl").exists()


# ----------------------------------------------------------------------------------- a run with one

WRONG, OTHER = "conv2d:n2_i4_k1", "conv1d:n2_i6_k2"


def run(folder, *arguments, cases=(WRONG,)):
    """Run the planted method that no batch can pass; return the exit code and the outcomes."""
    done = CliRunner().invoke(
        running.command,
        ["--backend", "narrow", "--method", "batched", "--method", "says_sizes", "-j", "1",
         *[word for case in cases for word in ("--case", case)],
         "-o", str(folder), *map(str, arguments)],
        standalone_mode=False,
    )  # fmt: skip
    if done.exception:
        raise done.exception
    return done.return_value, record.read(folder / "run.jsonl").outcomes, done.output


def test_a_run_fails_for_what_is_not_in_its_baseline(tmp_path, planted):
    out, kept = tmp_path / "out", tmp_path / "b.jsonl"
    code, outcomes, _ = run(out)
    assert code == 1
    assert call("save", out, "-o", kept)[0] == 0

    code, outcomes, said = run(out, "--baseline", kept, "-x")
    assert code == 0
    assert {o.known for o in outcomes} == {f"in the baseline {kept}"}
    assert "2 known divergences" in said
    assert "in the baseline" in (out / "report.html").read_text()

    code, outcomes, _ = run(out, "--baseline", kept, cases=(WRONG, OTHER))
    assert code == 1
    assert {o.case for o in outcomes if o.is_finding} == {OTHER}

    again = tmp_path / "c.jsonl"
    assert call("save", out, "-o", again)[0] == 0  # of a run with a baseline: all of them
    assert len(baseline.read(again).findings) == 4
    assert call("check", out, kept)[0] == 1
    assert call("check", out, again, "--strict")[0] == 0


def test_a_resumed_run_is_judged_by_the_baseline_that_it_is_resumed_with(tmp_path, planted):
    out, kept = tmp_path / "out", tmp_path / "b.jsonl"
    assert run(out)[0] == 1
    assert call("save", out, "-o", kept)[0] == 0
    code, outcomes, _ = run(out, "--resume", "--baseline", kept)
    assert (code, len(outcomes)) == (0, 2)
    assert run(out, "--resume")[0] == 1
    assert not any(o.known for o in record.read(out / "run.jsonl").outcomes)


def test_a_run_tells_what_its_baseline_holds_in_vain(tmp_path, planted):
    out, kept = tmp_path / "out", tmp_path / "b.jsonl"
    vain = baseline.Finding(
        variant="narrow", check="conv/batched", case="conv2d:i4_k1", verdict="differs"
    )
    baseline.write(msgspec.structs.replace(based(), findings=(vain,)), kept)
    code, _, said = run(out, "--baseline", kept, cases=("conv2d:i4_k1",))
    assert code == 0
    assert "1 of the baseline no longer diverge" in said


def test_a_damaged_baseline_ends_a_run_before_it_begins(tmp_path, planted):
    kept = tmp_path / "b.jsonl"
    kept.write_text("{}\n")
    with pytest.raises(InvalidBaseline, match="line 1"):
        run(tmp_path / "out", "--baseline", kept)
    assert not (tmp_path / "out").exists()
