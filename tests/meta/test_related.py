"""Each relation catches the faults that it is made for, and blames nobody else."""

import math

import pytest

from convergent.cases import suites
from convergent.cases.text import parse
from convergent.harness import environment, plan, relations, run
from convergent.harness.ask import Asker
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.plan import Selection

PLANTED = [
    ("backprop_input/filter_not_flipped@adjoint", "conv2d:i5_c2_k3_o2"),
    ("backprop_input/filter_not_flipped@adjoint", "conv2d:i5_c2_k3_o2_float64"),
    ("backprop_filter/mean_of_samples@adjoint", "conv2d:n2_i5_c2_k3_o2"),
    ("backprop_filter/mean_of_samples@one_sample", "conv2d:n2_i5_c2_k3_o2"),
    ("conv/last_sample_wrong@one_sample", "conv2d:n3_i5_c2_k3_o2"),
    ("conv/last_sample_wrong@batch_order", "conv2d:n3_i5_c2_k3_o2_float16_normal"),
    ("conv/groups_swapped@split_groups", "conv2d:i5_c6_k3_o3_g3_normal"),
    ("conv/groups_swapped@split_groups", "conv1d:i5_c7_k3_o7_g7"),
    ("conv/groups_swapped@channel_order", "conv2d:i5_c6_k3_o3_g3"),
    ("conv/stride_begins_late@subsampled", "conv2d:i7_c2_k3_o2_s2_pSAME"),
    ("conv/last_row_dropped@flipped", "conv2d:i7_c2_k3_o2_normal"),
    ("conv/last_row_dropped@flipped", "conv2d:i7_c2_k3_o2_s3_pSAME"),
    ("conv/last_row_dropped@larger_image", "conv3d:i4_k2_o2_s2_p1"),
    ("conv/tile_edge_wrong@larger_image", "conv2d:i9_c2_k3_o2_d2"),
    ("conv/stale@additive", "conv2d:i5_c2_k3_o2"),
    ("conv/stale@additive", "conv2d:i5_c2_k3_o2_float16_normal"),
    ("conv/stale@scaling", "conv2d:i5_c2_k3_o2_float16"),
    ("conv/stale@negation", "conv2d:i5_c2_k3_o2_bfloat16_uniform"),
    ("conv/fixed_point@scaling", "conv2d:i5_c2_k3_o2_normal"),
    ("conv/channels_beyond_16_wrong@channel_order", "conv2d:i5_k3_o19"),
    ("conv/dilated_filter_flipped@zero_stuffed", "conv2d:i9_c2_k3_o2_d1x2"),
    ("conv/same_is_lower@explicit_padding", "conv2d:i6_c2_k2_o2_pSAME"),
    ("conv/pads_with_the_edge@padded_image", "conv2d:i6_c2_k3_o2_p1_normal"),
    ("conv/channels_first_misread@other_layout", "conv2d:i6_c2_k3_o2_nchw"),
    ("conv/channels_first_misread@other_layout", "conv2d:i6_c2_k3_o2"),
    ("conv/view_misread@plain_copy", "conv2d:i6_c2_k3_o2_gapped"),
]


@pytest.fixture(scope="module")
def ask():
    with Asker(timeout=20.0) as asker:
        yield asker


@pytest.mark.parametrize(("key", "line"), PLANTED)
def test_a_planted_fault_is_caught(ask, key, line):
    outcome = ask("related", key, parse(line))
    assert outcome.verdict == "differs", outcome.sentence
    assert outcome.question == "relation"
    assert outcome.key == key
    assert relations.RELATIONS[relations.split(key)[1]].meaning in outcome.detail


def test_every_relation_catches_something():
    assert {relations.split(key)[1] for key, _ in PLANTED} == set(relations.RELATIONS)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("data", ["exact", "normal"])
def test_one_number_tells_that_gradients_are_wrong_though_not_how(ask, dtype, data):
    case = parse("conv2d:n2_i9_c2_k3_o2").replace(dtype=dtype, data=data)
    for key in ("backprop_input/filter_not_flipped", "backprop_filter/mean_of_samples"):
        outcome = ask("related", f"{key}@adjoint", case)
        assert outcome.verdict in ("differs", "degraded"), outcome.sentence


def test_rounding_in_one_direction_is_degraded(ask):
    outcome = ask("related", "conv/rounds_down@negation", parse("conv2d:i6_c2_k3_o2_normal"))
    assert (outcome.verdict, outcome.model) == (
        "degraded",
        "rounds where exact arithmetic would not",
    )


def test_the_sentence_holds_both_numbers_and_the_twin(ask):
    outcome = ask("related", "conv/last_sample_wrong@one_sample", parse("conv2d:n2_i3_k3"))
    assert outcome.where == "batch 1"
    assert outcome.worst.index == (1, 0, 0, 0)
    assert outcome.worst.actual != outcome.worst.expected
    assert "conv/last_sample_wrong of the twin conv2d:i3_k3" in outcome.sentence
    assert outcome.repro.split()[3:] == ["conv/last_sample_wrong@one_sample", "conv2d:n2_i3_k3"]


@pytest.mark.parametrize(
    ("method", "verdict", "said"),
    [
        ("raises_on_one", "raised", "of the twin conv2d:i5_k3: ValueError: not for one"),
        ("aborts_on_one", "crashed", "of the twin conv2d:i5_k3: "),
        ("wrong_shape_of_one", "differs", "of the twin conv2d:i5_k3: shape (3, 3, 1), expected"),
        ("batches_only", "unsupported", "of the twin conv2d:i5_k3: it takes two samples"),
    ],
)
def test_a_twin_without_a_result_is_said(ask, method, verdict, said):
    case = parse("conv2d:n2_i5_k3")
    outcome = ask("related", f"conv/{method}@one_sample", case)
    assert outcome.verdict == verdict
    assert said in outcome.detail
    assert ask("related", f"conv/{method}@batch_order", case).verdict == "agrees"


def test_a_twin_with_a_declared_gap_is_not_planned():
    planned = plan.plan(["related"], [parse("conv2d:n2_i5_k3")], Selection(relations=True))
    keys = planned["related"][0].keys
    assert "conv/batches_only@batch_order" in keys
    assert "conv/batches_only@one_sample" not in keys
    assert "conv/raises_on_one@one_sample" in keys


def test_an_honest_backend_agrees_with_every_relation(tmp_path):
    smoke = suites.load("smoke")
    cases = [*smoke, *(case.replace(memory="offset") for case in smoke[2:12])]
    selection = Selection(methods=("honest",), relations=True, ordinary=False)
    options = Options(variants=("related",), folder=tmp_path, selection=selection)
    result = run.run(cases, options, Ledger(()))
    assert result.exit_code == 0
    assert {relations.split(o.key)[1] for o in result.run.outcomes} == set(relations.RELATIONS)


def test_a_case_too_large_for_the_oracle_is_judged(tmp_path, monkeypatch):
    case = parse("conv2d:n2_i8_c3_k3_o4_s2_pSAME")
    elements = sum(math.prod(case.shape(role)) for role in "xwy")
    monkeypatch.setattr(environment, "memory_gib", lambda: elements * 50 / 2**30)
    selection = Selection(methods=("conv/honest", "conv/stride_begins_late"))
    options = Options(variants=("related",), folder=tmp_path, selection=selection)
    result = run.run([case], options, Ledger(()))
    verdicts = {o.method: o.verdict for o in result.run.outcomes}
    honest = {name for name in verdicts if name.startswith("honest")}
    assert len(honest) > 8
    assert {verdicts[name] for name in honest} == {"agrees"}
    assert verdicts["stride_begins_late@subsampled"] == "differs"
    assert "mistrusted" not in verdicts.values()
