"""The ledger of known divergences: what it excuses and when it is stale."""

import msgspec
import pytest

from convergent.cases.errors import InvalidLedger
from convergent.harness import ledger
from convergent.harness.outcome import Outcome

ENTRY = {
    "variant": "torch",
    "checks": ("conv/*",),
    "verdicts": ("differs",),
    "example": "conv/native/conv1d:i5_k2_s2",
    "kind": "notyet",
    "reason": "drops the last column",
    "issue": "https://example.org/1",
    "versions": ">=2.0,<2.14",
    "when": ("strided",),
}


def entry(**changes):
    return ledger.Entry(**{**ENTRY, **changes})


def outcome(verdict="differs", case="conv1d:i5_k2_s2", variant="torch"):
    return Outcome(variant=variant, op="conv", method="native", case=case, verdict=verdict)


def test_an_entry_excuses_what_it_describes():
    book = ledger.Ledger([entry()])
    excused = book.excuse(outcome(), "2.13.0+cpu")
    assert excused.known == "drops the last column (https://example.org/1)"
    assert not excused.is_finding
    assert book.stale() == []


@pytest.mark.parametrize(
    ("found", "version"),
    [
        (outcome("crashed"), "2.13.0"),
        (outcome(case="conv1d:i5_k2"), "2.13.0"),
        (outcome(variant="jax"), "2.13.0"),
        (outcome(), "2.14.0"),
        (outcome(), "not a version"),
    ],
)
def test_an_entry_excuses_nothing_else(found, version):
    assert ledger.Ledger([entry()]).excuse(found, version).is_finding


def test_an_entry_whose_example_passes_is_stale():
    book = ledger.Ledger([entry()])
    book.excuse(outcome("agrees"), "2.13.0")
    assert book.stale() == [entry()]


def test_an_entry_whose_example_was_not_run_is_not_stale():
    book = ledger.Ledger([entry()])
    book.excuse(outcome("agrees", case="conv1d:i6_k2_s2"), "2.13.0")
    assert book.stale() == []


def toml(**changes):
    fields = {
        **{name: list(v) if isinstance(v, tuple) else v for name, v in ENTRY.items()},
        **changes,
    }
    return "[[known]]\n" + "\n".join(f"{name} = {value!r}" for name, value in fields.items())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("known = [", "known.toml"),
        ("[[known]]\nvariant = 3", "variant"),
        (toml(verdicts=["agrees"]), "no divergence"),
        (toml(when=["strid"]), "no feature"),
        (toml(verdicts=["degraded"]), "said together"),
        (toml(versions="new"), "version range"),
        (toml(why="?"), "why"),
        (toml(example="conv/native/conv9d"), "no case"),
        (toml(example="transpose/native/conv1d:i5_k2"), "does not cover"),
    ],
)
def test_a_bad_ledger_is_said(tmp_path, text, said):
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(InvalidLedger, match=said):
        ledger.load(path)


def test_the_ledger_that_comes_with_the_project_is_valid():
    for known in ledger.load().entries:
        assert known.reason
        assert known.issue.startswith("https://") or known.issue == "not reported before"


def test_an_entry_names_the_models_that_may_explain():
    book = ledger.Ledger([entry(verdicts=("degraded",), models=("accumulates in float16",))])
    degraded = msgspec.structs.replace(outcome("degraded"), model="accumulates in bfloat16")
    assert book.excuse(degraded, "2.13.0").is_finding
    assert not book.excuse(
        msgspec.structs.replace(degraded, model="accumulates in float16"), "2.13.0"
    ).is_finding


def test_an_entry_that_depends_on_the_processor_is_never_stale():
    book = ledger.Ledger([entry(strict=False)])
    book.excuse(outcome("agrees"), "2.13.0")
    assert book.stale() == []


@pytest.mark.usefixtures("planted")
def test_an_entry_of_a_backend_speaks_of_all_its_modes():
    book = ledger.Ledger([entry(variant="odd", versions="", when=("strided", "lossy"))])
    assert not book.excuse(outcome(variant="odd:lossy"), "1.0").is_finding
    assert book.excuse(outcome(variant="odd"), "1.0").is_finding
    assert (
        not ledger.Ledger([entry(variant="odd", versions="")])
        .excuse(outcome(variant="odd:lossy+loud"), "1.0")
        .is_finding
    )
    alone = ledger.Ledger([entry(variant="odd:lossy", versions="")])
    assert alone.excuse(outcome(variant="odd:lossy+loud"), "1.0").is_finding


@pytest.mark.usefixtures("planted")
def test_an_entry_is_stale_by_the_variant_that_shows_it_alone():
    known = entry(variant="odd", versions="", when=("strided", "lossy"))
    assert known.shown_in == "odd:lossy"
    book = ledger.Ledger([known, entry(variant="odd", versions="")])
    book.excuse(outcome("agrees", variant="odd:loud"), "1.0")
    assert book.stale() == []
    book.excuse(outcome("agrees", variant="odd:lossy"), "1.0")
    assert book.stale() == [known]
