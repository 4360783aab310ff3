"""The figures of a run, what is one finding, and how they are said."""

from __future__ import annotations

import dataclasses
import math

import pytest

from convergent.harness.outcome import Worst
from convergent.harness.record import Loaded, Whole
from convergent.reports.explain import explain
from convergent.reports.groups import group, magnitude
from convergent.reports.histogram import EDGES, LIMIT_AT, histogram
from convergent.reports.summary import summarise
from convergent.reports.wording import brief, duration, headline, sentence, short


def test_a_tally_counts_each_kind_of_outcome_once(run_of, outcome, wrong) -> None:
    run = run_of(
        outcome(case="conv1d:i8_k3", ratio=0.25),
        outcome(case="conv1d:i8_k3_s2", verdict="unsupported", detail="no strides", seconds=0.0),
        wrong(case="conv1d:i8_k2"),
        wrong(case="conv1d:i8_k1", known="upstream bug"),
    )
    total = summarise(run).total
    assert (total.checked, total.agrees, total.unsupported, total.known) == (3, 1, 1, 1)
    assert total.findings == {"differs": 1}
    assert total.found == 1
    assert total.median == 0.001


def test_every_check_is_in_one_cell_one_op_and_one_variant(large_run) -> None:
    s = summarise(large_run)
    for tallies in (s.cells, s.ops, s.by_variant):
        counted = sum(t.checked + t.unsupported for t in tallies.values())
        assert counted == len(large_run.outcomes)
        assert sum(t.found for t in tallies.values()) == s.total.found
    assert sum(len(g.outcomes) for g in s.findings) == s.total.found


def test_ways_are_counted_by_framework_and_kernels_by_variant(run_of, outcome) -> None:
    s = summarise(
        run_of(
            outcome(kernel="onednn ref:any"),
            outcome(case="conv1d:i9_k3", kernel="onednn ref:any"),
            outcome(case="conv1d:i7_k3", kernel="Slow2d"),
            outcome(variant="torch:compile"),
            outcome(method="layer", verdict="unsupported"),
            outcome(method="native@batch_order"),
            outcome(variant="jax:jit"),
        )
    )
    assert s.ways == {"torch": 2, "jax": 1}
    assert s.kernels == {"torch": {"onednn ref:any": 2, "Slow2d": 1}}


def test_the_second_call_is_timed_apart_from_the_first(run_of, outcome) -> None:
    total = summarise(run_of(outcome(seconds=0.5, again=0.25), outcome(seconds=0.5))).total
    assert (total.median, total.again, total.seconds) == (0.5, 0.25, 1.25)


def test_outcomes_that_differ_in_the_case_alone_are_one_finding(run_of, wrong) -> None:
    found = summarise(
        run_of(
            wrong(case="conv2d:i9_k3", ratio=7.0),
            wrong(case="conv2d:i3_k2", ratio=2.0),
            wrong(case="conv2d:i3_k2", ratio=2.0, method="unfold_mm"),
        )
    ).findings
    assert [(g.key, len(g.outcomes)) for g in found] == [("conv/native", 2), ("conv/unfold_mm", 1)]
    assert found[0].first.case == "conv2d:i3_k2"
    assert found[0].ratio == 7.0


def test_findings_are_sorted_by_verdict_and_then_by_ratio(run_of, outcome, wrong) -> None:
    found = summarise(
        run_of(
            outcome(method="a", verdict="mistrusted"),
            wrong(method="b", ratio=3.0),
            wrong(method="c", ratio="nan"),
            outcome(method="d", verdict="crashed"),
        )
    ).findings
    assert [g.method for g in found] == ["c", "b", "d", "a"]


def test_a_known_divergence_is_no_finding(run_of, wrong) -> None:
    s = summarise(run_of(wrong(known="upstream bug")))
    assert not s.findings
    assert [g.known for g in s.known] == ["upstream bug"]
    assert s.total.worst == "known"


def test_ops_keep_their_usual_order_and_foreign_ones_come_last(run_of, outcome) -> None:
    run = run_of(*(outcome(op=op) for op in ("zebra", "transpose", "conv")))
    assert list(summarise(run).methods) == ["conv", "transpose", "zebra"]


def test_text_that_names_no_case_is_the_largest(run_of, wrong) -> None:
    (found,) = summarise(run_of(wrong(case="?"), wrong(case="conv1d:i8_k3"))).findings
    assert found.first.case == "conv1d:i8_k3"


def test_the_same_note_is_said_once(run_of, outcome) -> None:
    said = {"note": "erratum"}
    (note,) = summarise(run_of(outcome(**said), outcome(variant="jax", **said))).notes
    assert (note.text, note.count, note.cases) == ("erratum", 2, ("conv1d:i8_k3",))


def test_gaps_are_gathered_by_variant_and_reason(run_of, outcome) -> None:
    gap = {"verdict": "unsupported", "detail": "no groups"}
    run = run_of(outcome(**gap), outcome(method="keras", **gap), outcome(variant="jax", **gap))
    gaps = [(g.variant, g.count, g.keys) for g in summarise(run).gaps]
    assert gaps == [("jax", 1, ("conv/native",)), ("torch", 2, ("conv/native", "conv/keras"))]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("No module named 'torch'", 'pip install "convergent[torch]"'),
        ("torch is not installed; pip install torch", ""),
        ("libcudart.so.12: cannot open shared object file", ""),
    ],
)
def test_the_remedy_is_given_where_installing_helps(run_of, error, remedy) -> None:
    run = run_of(variants=(Loaded(name="torch:compile", error=error),))
    (missing,) = summarise(run).missing
    assert (missing.variant, missing.remedy) == ("torch:compile", remedy)


def test_a_variant_that_left_no_trace_is_missing(run_of, outcome) -> None:
    run = run_of(outcome(), checks=2)
    run.variants.clear()
    run.header.variants.append("jax")
    assert [m.variant for m in summarise(run).missing] == ["jax"]


@pytest.mark.parametrize("checks", [1, 2])
def test_a_variant_that_was_asked_nothing_is_not_missing(run_of, outcome, checks) -> None:
    wholes = {"torch": Whole(digest="a", checks=2), "scipy": Whole(digest="b", checks=0)}
    run = run_of(outcome(), variants=(), checks=checks, wholes=wholes)
    run.header.variants.append("scipy")
    assert not summarise(run).missing
    assert summarise(run).complete == (checks == 1)


def test_the_headline_says_that_all_is_well(run_of, outcome) -> None:
    cases = ("conv1d:i8_k3", "conv1d:i8_k2")
    assert headline(summarise(run_of(*(outcome(case=c) for c in cases)))) == "All 2 checks agree."


def test_the_headline_says_what_needs_a_look(run_of, outcome, wrong) -> None:
    run = run_of(outcome(), wrong(case="conv1d:i9_k3"))
    assert headline(summarise(run)) == "1 of 2 checks needs a look."


@pytest.mark.parametrize(
    ("actual", "expected", "few", "all_"),
    [
        (263.0, 264.0, "263 where 264", "263 where 264"),
        (12.0, 264.0, "12 where 2.6e2", "12 where 264"),
        (0.1 + 0.2, 0.3, *["0.30000000000000004 where 0.3"] * 2),
    ],
)
def test_a_wrong_number_never_reads_as_the_right_one(wrong, actual, expected, few, all_) -> None:
    worst = Worst(index=(0,), expected=expected, actual=actual, bound=0.0)
    (found,) = group([wrong(worst=worst)])
    assert f"{few} is right" in brief(found)
    assert f"{all_} is right" in sentence(found)
    assert f"= {all_.replace(' where ', ', expected ')} +/- 0" in found.first.sentence


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 entry of the ledger no longer holds."),
        (2, "2 entries of the ledger no longer hold."),
    ],
)
def test_the_headline_counts_what_no_longer_holds(run_of, outcome, count, said) -> None:
    s = dataclasses.replace(summarise(run_of(outcome())), stale=("entry",) * count)
    assert headline(s).endswith(said)


def test_the_headline_says_what_is_known(run_of, outcome, wrong) -> None:
    run = run_of(outcome(), wrong(case="conv1d:i9_k3", known="bug"))
    assert headline(summarise(run)) == "1 of 2 checks agree; 1 known divergence."


def test_the_headline_says_that_a_run_is_not_whole(run_of, outcome) -> None:
    absent = tuple(Loaded(name=name, error="lost") for name in ("jax", "tensorflow"))
    said = headline(summarise(run_of(outcome(), variants=absent, checks=30, end=None)))
    assert said == (
        "The one check agrees. jax and tensorflow could not be run. "
        "The run ended after 1 of 30 checks."
    )


def test_nothing_checked_is_not_called_fine(run_of, outcome) -> None:
    gap = outcome(verdict="unsupported", detail="no")
    assert headline(summarise(run_of())) == "Nothing was checked."
    said = "Nothing was checked; what was asked for is declared as a gap."
    assert headline(summarise(run_of(gap))) == said


def test_each_verdict_has_a_plain_sentence(run_of, outcome, wrong) -> None:
    run = run_of(
        wrong(where="edge"),
        wrong(verdict="degraded", where="edge", model="sums in bfloat16"),
        *(
            outcome(verdict=verdict, detail="why")
            for verdict in ("raised", "crashed", "timed_out", "mistrusted")
        ),
    )
    said = [sentence(g) for g in summarise(run).findings]
    assert said == [
        "2 of 648 elements lie outside the bound (edge); the worst is 1.25 where 1.5 is right.",
        "The worker process ended: why.",
        "No answer within the time limit: why.",
        "An exception where a result is due: why.",
        "Less precise than its dtype allows (edge); the model 'sums in bfloat16' explains it.",
        "Not to be judged, for the data could not have shown an error: why.",
    ]


def test_the_repro_line_of_a_hostile_file_is_quoted_for_the_shell(outcome) -> None:
    assert outcome(case="x; rm -rf ~").repro == "convergent repro torch conv/native 'x; rm -rf ~'"


def test_the_limit_itself_is_still_within(outcome) -> None:
    found = histogram("torch", [1.0, math.nextafter(1.0, 2.0), 0.0, math.inf, 1e-300])
    assert (found.zero, found.above) == (1, 2)
    assert [bar.beyond for bar in found.bars] == [False, False, True, True]
    assert [bar.x < LIMIT_AT for bar in found.bars] == [True, True, False, False]
    assert 1.0 in EDGES


def test_nan_counts_as_the_worst_ratio() -> None:
    assert magnitude("nan") == math.inf
    assert magnitude("inf") == math.inf
    assert magnitude(None) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.0317, "0.032"), (1234.5, "1.2e3"), (1e-9, "1e-9"), ("nan", "NaN"), (None, "-")],
)
def test_numbers_are_short(value, said) -> None:
    assert short(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.00081, "0.81 ms"), (0.46, "460 ms"), (12.34, "12.3 s"), (185, "3 min 5 s")],
)
def test_durations_are_said_as_a_person_would(seconds, said) -> None:
    assert duration(seconds) == said


def test_hours_are_said_with_minutes() -> None:
    assert duration(7500) == "2 h 5 min"


def test_a_case_is_explained_with_its_padding_resolved() -> None:
    assert explain("conv2d:n2_i5x6_c4_k3_o6_g2_s2_d2_pSAME_float16_nchw_normal_seed7") == (
        "2-D: 2 images of 5x6 with 4 channels, 6 filters of 3x3, 2 groups, stride 2, "
        "dilation 2 (the kernel covers 5x5), "
        "padding SAME (2 before and 2 after x 1 before and 2 after), output 3x3; "
        "float16, channels first, normal data, seed 7"
    )


@pytest.mark.parametrize(
    "line", ["", "conv9d:i8", "<script>", "conv1d:i8_k3_k3", "\x00", "é" * 500]
)
def test_text_that_names_no_case_has_no_explanation(line) -> None:
    assert explain(line) == ""


def test_outcomes_of_different_causes_are_different_findings(wrong) -> None:
    causes = ("dilation ignored", "dilation ignored or kernel flipped", "kernel flipped")
    cases = ("conv1d:i3_k2", "conv1d:i4_k2", "conv1d:i5_k2", "conv1d:i6_k2")
    outcomes = [
        wrong(case=case, diagnosis=said)
        for case, said in zip(cases, (*causes, "unexplained"), strict=True)
    ]
    found = {g.diagnosis: len(g.outcomes) for g in group(outcomes)}
    assert found == {"dilation ignored": 2, "kernel flipped": 1, "": 1}
    said = {g.diagnosis: sentence(g) for g in group(outcomes)}
    assert said["kernel flipped"].endswith("Diagnosis: kernel flipped.")
    assert said[""].endswith("No known kind of mistake explains it.")
