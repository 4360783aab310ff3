"""Every question beyond the values of ordinary numbers: each planted fault is caught by its own."""

import pytest

from convergent.backends import registry
from convergent.cases.errors import UnknownBackend
from convergent.cases.text import parse
from convergent.harness import run
from convergent.harness.ask import Asker
from convergent.harness.cli import choose
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.plan import Selection

BASE = "conv2d:n2_i5x6_c3_k3x2_o4_p1"
ILLEGAL = "conv2d:n2_i6_c4_k3_o4_illegal"

CAUGHT = [
    # method, case, verdict, question, what is said
    ("conv/unsteady", f"{BASE}_normal", "differs", "repeat", "other bits in 280 of 280"),
    ("conv/stale_the_second_time", BASE, "differs", "repeat", "other bits in 280 of 280"),
    ("conv/grows", BASE, "differs", "repeat", "gave shape (1, 5, 7, 4)"),
    ("conv/gives_away_its_workspace", BASE, "differs", "kept", "over that of the first"),
    ("conv/view_blind", f"{BASE}_offset", "differs", "value", ""),
    ("conv/view_blind", f"{BASE}_gapped", "differs", "value", ""),
    ("conv/view_blind", f"{BASE}_reversed", "differs", "value", ""),
    ("conv/writes_what_is_read_only", f"{BASE}_readonly", "raised", "", "read-only"),
    ("conv/swallows_nan", f"{BASE}_nonfinite", "differs", "value", ""),
    ("conv/saturates", f"{BASE}_nonfinite", "differs", "value", ""),
    ("conv/spreads_nan", f"{BASE}_nonfinite", "differs", "value", ""),
    ("conv/saturates", f"{BASE}_overflow", "differs", "value", ""),
    ("conv/flushes_results", f"{BASE}_subnormal", "degraded", "value", ""),
    ("conv/flushes_operands", f"{BASE}_tiny", "degraded", "value", ""),
    ("conv/negative_zero", f"{BASE}_signedzeros", "differs", "value", ""),
    ("conv/empty_is_an_error", "conv2d:n0_i5x6_c3_k3x2_o4", "raised", "", "at least one array"),
    ("conv/empty_is_unwritten", "conv2d:i5x6_c0_k3x2_o4", "differs", "value", ""),
    ("contract/conv_stride_negative", ILLEGAL, "differs", "contract", "a window moves forward"),
    ("contract/conv_dilation_overflow", ILLEGAL, "timed_out", "", "after 2 s"),
    ("contract/conv_padding_overflow", ILLEGAL, "crashed", "", "SIGABRT"),
    ("contract/conv_kernel_empty", ILLEGAL, "raised", "contract", "INTERNAL ASSERT"),
]
MODELS = {
    "conv/flushes_results": "flushes subnormal results to zero",
    "conv/flushes_operands": "takes subnormal operands for zero",
}
NEVER_SHOWN = {
    "conv/unsteady", "conv/stale_the_second_time", "conv/grows", "conv/gives_away_its_workspace",
}  # fmt: skip


@pytest.fixture(scope="module")
def ask():
    with pytest.MonkeyPatch.context() as patch:
        planted = __file__.replace("test_questions.py", "planted")
        patch.syspath_prepend(planted)
        patch.setenv("PYTHONPATH", planted)
        with Asker(timeout=2.0, ledger=Ledger(())) as asker:
            yield asker


@pytest.mark.parametrize("caught", CAUGHT, ids=lambda caught: f"{caught[0]}-{caught[1]}")
def test_a_fault_of_odd_numbers_is_caught_by_its_question(ask, caught):
    key, line, verdict, question, said = caught
    outcome = ask("odd", key, parse(line))
    assert (outcome.verdict, outcome.question) == (verdict, question), outcome.sentence
    assert said in outcome.detail
    assert outcome.model == MODELS.get(key, "")


@pytest.mark.parametrize("key", sorted({key for key, *_ in CAUGHT if key.startswith("conv")}))
def test_ordinary_numbers_in_plain_memory_do_not_show_it(ask, key):
    outcome = ask("odd", key, parse(f"{BASE}_normal"))
    assert (outcome.verdict == "agrees") != (key in NEVER_SHOWN), outcome.sentence


@pytest.mark.parametrize("data", ["nonfinite", "subnormal", "tiny", "overflow", "signedzeros"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_an_honest_result_agrees_on_every_kind_of_number(ask, data, dtype):
    word = "" if dtype == "float32" else f"_{dtype}"
    outcome = ask("odd", "conv/honest", parse(f"{BASE}{word}_{data}"))
    assert outcome.verdict == "agrees", outcome.sentence


@pytest.mark.parametrize("memory", ["offset", "gapped", "reversed", "readonly"])
def test_an_honest_result_agrees_wherever_its_operands_lie(ask, memory):
    assert ask("odd", "conv/honest", parse(f"{BASE}_{memory}")).verdict == "agrees"


def test_a_refused_call_agrees_and_says_with_which_words(ask):
    outcome = ask("odd", "contract/conv_stride_zero", parse(ILLEGAL))
    assert outcome.verdict == "agrees"
    assert outcome.detail == "ValueError: a stride is positive"


def test_one_call_is_enough_where_one_is_asked_for():
    with Asker(ledger=Ledger(()), repeat=1) as once:
        assert once("odd", "conv/stale_the_second_time", parse(BASE)).verdict == "agrees"


def test_the_kernel_and_both_times_are_recorded(ask):
    outcome = ask("odd", "conv/says_its_kernel", parse(BASE))
    assert outcome.kernel == "gemm"
    assert outcome.seconds > 0
    assert outcome.again > 0
    assert ask("odd", "conv/honest", parse(BASE)).kernel == "numpy"


def test_variants_run_in_processes_of_their_own_with_their_switches_set(tmp_path):
    options = Options(
        variants=("odd", "odd:lossy", "odd:lossy+loud"),
        folder=tmp_path,
        selection=Selection(methods=("honest",)),
    )
    result = run.run([parse(f"{BASE}_normal")], options, Ledger(()))
    verdicts = {o.variant: (o.verdict, o.model) for o in result.run.outcomes}
    lossy = ("degraded", "rounds the result to bfloat16")
    assert verdicts == {"odd": ("agrees", ""), "odd:lossy": lossy, "odd:lossy+loud": lossy}
    loaded = {name: v.loaded for name, v in result.run.variants.items()}
    assert {name: said["said"] for name, said in loaded.items()} == {
        "odd": "",
        "odd:lossy": "",
        "odd:lossy+loud": "loud",
    }
    assert loaded["odd:lossy+loud"]["on"] == ["lossy", "loud"]


def test_every_variant_that_this_machine_can_run_is_chosen():
    assert choose.variants(("odd",), every=True) == ("odd", "odd:lossy", "odd:lossy+loud")
    assert choose.variants(("odd:loud+lossy",)) == ("odd:lossy+loud",)


@pytest.mark.parametrize(
    ("name", "said"),
    [("odd:quick", "no mode 'quick'; its modes are: lossy, exact"), ("odd:lossy+exact", "exclude")],
)
def test_a_mode_that_is_none_or_excludes_another_is_refused(name, said):
    with pytest.raises(UnknownBackend, match=said):
        registry.variant(name)


def test_a_third_partys_backend_has_no_scripts():
    from convergent.cases.errors import CannotWrite
    from convergent.harness.outcome import Outcome
    from convergent.harness.script import write

    outcome = Outcome(
        variant="liars", op="conv", method="honest", case="conv2d:i3_k2", verdict="agrees"
    )
    with pytest.raises(CannotWrite, match="no scripts are written of liars"):
        write.script(outcome)
