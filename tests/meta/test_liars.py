"""Each planted liar gets exactly the right verdict, and the run goes on."""

from pathlib import Path

import pytest

from convergent.backends import registry
from convergent.cases.errors import BackendUnavailable
from convergent.cases.text import parse
from convergent.harness import record, run
from convergent.harness.ask import Asker
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.plan import Selection

PLANTED = str(Path(__file__).parent / "planted")
EXACT = parse("conv2d:n2_i5x6_c3_k3_o4")
REAL = parse("conv2d:n2_i5x6_c3_k3_o4_normal")

VERDICTS = {
    "conv/honest": "agrees",
    "conv/prints": "agrees",
    "conv/devours": "crashed",
    "conv/refuses": "unsupported",
    "conv/wrong_element": "differs",
    "conv/wrong_shape": "differs",
    "conv/wrong_rank": "differs",
    "conv/wrong_dtype": "differs",
    "conv/nan": "differs",
    "conv/infinite": "differs",
    "conv/changes_input": "differs",
    "conv/raises": "raised",
    "conv/exits_as_python": "raised",
    "conv/aborts": "crashed",
    "conv/segfaults": "crashed",
    "conv/hangs": "timed_out",
    "conv/exits": "crashed",
    "conv/garbage": "crashed",
    "conv/says_float32": "differs",
    "conv/other_byte_order": "agrees",
    "conv/masked": "raised",
    "conv/objects": "raised",
    "conv/enormous": "differs",
    "conv/undecodable_message": "raised",
    "conv/message_that_raises": "raised",
    "conv/endless_message": "raised",
    "conv/closes_its_pipes": "crashed",
    "conv/leaves_a_child": "crashed",
    "conv/rounds_to_bfloat16": "degraded",
    "conv/rounds_inputs_to_tf32": "degraded",
    "backprop_input/filter_not_flipped": "differs",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run every liar on real data in one run: each must leave the others alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLANTED)
        patch.setenv("PYTHONPATH", PLANTED)
        folder = tmp_path_factory.mktemp("liars")
        options = Options(variants=("liars",), folder=folder, timeout=5.0, most_memory=1 << 30)
        result = run.run([REAL], options, Ledger(()))
        assert result.exit_code == 1
        assert record.read(options.folder / run.RUN_FILE) == result.run
        return {outcome.key: outcome for outcome in result.run.outcomes}


def test_every_liar_is_named(outcomes):
    assert set(outcomes) == set(VERDICTS) == set(registry.get("liars").methods())


@pytest.mark.parametrize("key", VERDICTS)
def test_a_liar_gets_its_verdict(outcomes, key):
    assert outcomes[key].verdict == VERDICTS[key], outcomes[key].sentence


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("conv/wrong_shape", "shape (2, 2, 4, 4), expected (2, 3, 4, 4)"),
        ("conv/wrong_dtype", "dtype float64, expected float32"),
        ("conv/changes_input", "changed its input w"),
        ("conv/raises", "RuntimeError: could not find an engine"),
        ("conv/aborts", "SIGABRT"),
        ("conv/segfaults", "SIGSEGV"),
        ("conv/hangs", "after 5 s"),
        ("conv/devours", "more than the 1 GiB of --max-memory"),
        ("conv/exits", "status 0"),
        ("conv/garbage", "garbage"),
        ("conv/says_float32", "dtype float64, expected float32"),
        ("conv/masked", "MaskedArray"),
        ("conv/objects", "object"),
        ("conv/enormous", "shape (33554432, 1, 1, 1)"),
        ("conv/undecodable_message", "bad \\udcff"),
        ("conv/message_that_raises", "cannot be shown"),
        ("conv/closes_its_pipes", "closed its pipe"),
        ("conv/leaves_a_child", "status 3"),
        ("conv/refuses", "it does not want to"),
    ],
)
def test_the_detail_says_what_happened(outcomes, key, said):
    assert said in outcomes[key].detail


def test_a_native_stack_names_the_method(outcomes):
    assert "segfaults" in outcomes["conv/segfaults"].detail


def test_one_wrong_element_is_found_where_it_is(outcomes):
    found = outcomes["conv/wrong_element"]
    assert found.outside == 3
    assert found.where == "batch 1, last column, output channel 0"


def test_a_precision_downgrade_is_explained(outcomes):
    assert outcomes["conv/rounds_to_bfloat16"].model == "rounds the result to bfloat16"
    assert outcomes["conv/rounds_inputs_to_tf32"].model == "rounds the inputs to tf32"


def test_every_finding_has_a_sentence_and_a_repro_line(outcomes):
    for outcome in outcomes.values():
        assert "\n" not in outcome.sentence
        assert outcome.repro.split()[:3] == ["convergent", "repro", "liars"]


def test_wrong_values_are_found_on_exact_data_too():
    with Asker() as ask:
        for key in ("conv/wrong_element", "conv/nan", "backprop_input/filter_not_flipped"):
            assert ask("liars", key, EXACT).verdict == "differs"
        assert ask("liars", "conv/honest", EXACT).verdict == "agrees"


def test_a_framework_that_does_not_load_is_said_and_the_others_run(tmp_path):
    options = Options(
        variants=("absent", "liars"),
        folder=tmp_path,
        selection=Selection(methods=("honest",)),
    )
    result = run.run([EXACT], options, Ledger(()))
    assert [(o.variant, o.verdict) for o in result.run.outcomes] == [("liars", "agrees")]
    assert "libabsent.so" in result.run.variants["absent"].error
    assert result.exit_code == 3


@pytest.mark.parametrize("enough", [1, 5])  # each case is good for a finding
def test_a_run_that_stops_says_nothing_of_later_cases(tmp_path, enough):
    options = Options(
        variants=("liars",),
        folder=tmp_path,
        selection=Selection(methods=("wrong_shape", "refuses")),
        enough=enough,
        jobs=1,
    )
    result = run.run([REAL.replace(seed=seed) for seed in range(20)], options, Ledger(()))
    assert len({outcome.case for outcome in result.run.outcomes}) <= enough + 1
    assert sum(outcome.is_finding for outcome in result.run.outcomes) >= enough


def test_no_message_is_longer_than_a_person_reads(outcomes):
    assert all(len(outcome.detail) < 4000 for outcome in outcomes.values())


def test_an_adapter_that_does_not_import_is_said_and_harms_nobody(tmp_path, monkeypatch):
    package = tmp_path / "broken-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[convergent.backends]\nbroken = no_such_module:X\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "broken" in registry.names()
    assert registry.version("broken") is None
    with pytest.raises(BackendUnavailable, match="no_such_module"):
        registry.get("broken")
