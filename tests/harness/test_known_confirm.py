"""``convergent known confirm``: what a ledger says is shown by scripts, and written down."""

import re
import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from convergent.backends import registry
from convergent.cases.errors import InvalidLog
from convergent.harness import ledger
from convergent.harness.cli import known as cli
from convergent.harness.envs import store
from convergent.harness.known import confirm, log, place
from convergent.harness.known.confirm import Confirmed
from convergent.harness.known.file import File
from convergent.harness.known.folder import Folder
from convergent.harness.known.log import Record
from convergent.harness.known.slug import slugs
from convergent.harness.known.standing import Asked
from convergent.harness.script import write

WRONG, RIGHT = "conv2d:n2_i4_k1", "conv2d:i4_k1"  # of a batch, which `batched` cannot do
SCIPY = next(entry for entry in ledger.load().entries if entry.variant == "scipy")


def entry(**changes):
    """Return the text of an entry, true of the planted backend unless it is changed."""
    fields = {
        "variant": "narrow",
        "versions": "==1.0.*",
        "checks": ["conv/batched"],
        "cases": "conv2d:*",
        "verdicts": ["differs"],
        "example": f"conv/batched/{WRONG}",
        "kind": "notyet",
        "reason": "a batch is spoiled",
        "issue": "https://example.org/1",
        **changes,
    }
    said = [f"{name} = {value!r}" for name, value in fields.items()]
    return "\n".join(["[[known]]", *said, ""])


def of_scipy(**changes):
    fields = {name: getattr(SCIPY, name) for name in ("variant", "reason", "issue", "example")}
    fields |= {name: list(getattr(SCIPY, name)) for name in ("checks", "when", "verdicts")}
    return entry(versions="", cases="*", **(fields | changes))


def call(*arguments):
    """Return exit code and output of ``convergent known confirm``."""
    words = ["confirm", *map(str, arguments)]
    done = CliRunner().invoke(cli.command, words, standalone_mode=False)
    if isinstance(done.exception, InvalidLog):
        return 4, str(done.exception)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


@pytest.fixture
def book(tmp_path):
    return tmp_path / "known.toml"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


# ------------------------------------------------------------------------------------------ names


def test_the_names_of_entries_are_unique_and_fit_a_file_and_a_link():
    names = slugs(ledger.load().entries)
    assert len(set(names)) == len(names) > 90
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert "torch-conv-native-conv2d-n2-i4x3-k3-s1x2" in names


def test_a_name_stays_whatever_comes_before_its_entry():
    entries = ledger.load().entries
    names = dict(zip([e.example for e in entries], slugs(entries), strict=True))
    for some in (entries[40:], entries[::7]):
        assert slugs(some) == [slugs([e])[0] for e in some]
    assert len(names) > 80


def test_of_entries_with_one_example_the_later_are_numbered():
    first = slugs([SCIPY])[0]
    assert slugs([SCIPY] * 3) == [first, f"{first}-2", f"{first}-3"]


# --------------------------------------------------------------------------------------- standing


def test_an_entry_is_confirmed_by_a_script_that_fails_alone(book, out):
    book.write_text(of_scipy())
    code, said = call(book, "-o", out)
    assert code == 0, said
    assert "1 entry: 1 confirmed\n" in said
    (name,) = slugs([SCIPY])
    record = log.read(out / log.FILE).entries[name]
    assert record.standing == "confirmed"
    assert record.verdict == "differs"
    assert record.version == registry.version("scipy")
    assert "elements are wrong" in record.said
    script = out / "scripts" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, "-I", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert record.said.removeprefix("fails: ") in done.stderr
    assert "1 of 1 were asked today" in call(book, "-o", out, "--resume")[1]


def test_what_no_script_can_be_written_of_is_confirmed_by_itself(book, out, planted):
    book.write_text(entry())
    code, said = call(book, "-o", out)
    assert (code, "1 confirmed by repro" in said) == (0, True)
    (record,) = log.read(out / log.FILE).entries.values()
    assert record.unwritten
    assert record.found.startswith("narrow conv/batched[")
    assert not (out / "scripts").exists()


def test_a_check_that_agrees_is_not_shown(book, out):
    agrees = of_scipy(when=[], example="transpose/convolve_full/conv1d:i4_k3")
    book.write_text(agrees)
    code, said = call(book, "-o", out)
    assert code == 1
    assert "1 entry: 1 not shown" in said


def test_a_script_that_passes_is_not_shown(book, out, monkeypatch):
    """The check diverges; its script is the one of a check that agrees."""
    real = write.script

    def of_another(outcome, **more):
        right = msgspec.structs.replace(outcome, case="conv1d:i4_k3", verdict="agrees")
        return real(right, **more)

    monkeypatch.setattr(write, "script", of_another)
    monkeypatch.setattr(confirm, "TRIES", 1)
    book.write_text(of_scipy())
    code, said = call(book, "-o", out)
    assert code == 1
    assert "the script passes" in said
    assert not list(out.glob("scripts/*"))


@pytest.mark.parametrize(
    ("text", "standing", "code"),
    [
        (entry(versions="<1.0"), "not run", 3),
        (entry(variant="caffe"), "not run", 3),
        (entry(verdicts=["raised"]), "not shown", 1),
    ],
)
@pytest.mark.usefixtures("planted")
def test_the_exit_code_tells_what_was_not_shown(book, out, text, standing, code):
    book.write_text(text)
    got, said = call(book, "-o", out)
    assert got == code
    assert f"1 entry: 1 {standing}" in said


def test_entries_are_chosen_by_number_and_by_name(book, out):
    book.write_text(entry(variant="caffe") + "\n" + entry(variant="kaffee"))
    for word in ("2", slugs(File(book).entries)[1]):
        said = call(book, "-o", out, "--entry", word)[1]
        assert "1 entry: 1 not run" in said
        assert "entry 2, line 12: kaffee" in said
    for word in ("0", "3", "one", "9" * 5000):
        with pytest.raises(click.UsageError, match="has no entry"):
            call(book, "-o", out, "--entry", word)
    assert call(book, "-o", out, "--entry", "1", "--backend", "torch")[0] == 5


def test_an_entry_of_other_processors_is_asked_in_a_mode_that_has_their_kernels():
    for variant, trait in (("torch", "slow_bfloat16"), ("tensorflow", "eigen_bfloat16")):
        of_it = next(e for e in ledger.load().entries if e.variant == variant and trait in e.when)
        asked = place.placed(Asked(number=1, entry=of_it, variant=of_it.shown_in))
        assert trait in registry.variant(asked.variant).traits
        assert registry.plain(asked.variant) in {variant, f"{variant}:no_onednn"}


def test_an_entry_of_the_past_is_asked_of_the_newest_version_in_its_range(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for version in ("0.4.38", "0.9.2", "0.10.0"):
        made = store.Environment(
            requirement=f"jax=={version}", base=sys.executable, python_version="3", installer="pip"
        )
        made.python.parent.mkdir(parents=True)
        made.python.symlink_to(sys.executable)
        store.save(made)
    past = next(e for e in ledger.load().entries if e.versions == ">=0.4.30,<0.10")
    asked = place.placed(Asked(number=1, entry=past, variant=past.shown_in))
    assert asked.variant == "jax==0.9.2"
    none = msgspec.structs.replace(past, versions="<0.4")
    assert place.placed(Asked(number=1, entry=none, variant="jax")).variant == "jax"


# -------------------------------------------------------------------------------------------- log


def test_a_log_is_sorted_whatever_came_first(out):
    both = {"b": record_of("confirmed", elsewhere={"2": "passes"}), "a": record_of("not run")}
    log.write(out / "1", both)
    log.write(out / "2", dict(sorted(both.items())))
    assert (out / "1").read_bytes() == (out / "2").read_bytes()
    assert log.read(out / "1").entries == both


def record_of(standing, **more):
    return Record(
        variant="scipy",
        check=SCIPY.example,
        versions=SCIPY.versions,
        standing=standing,
        date="2020-02-02",
        **more,
    )


def test_what_was_confirmed_stays_where_a_later_machine_cannot_tell(out):
    folder = Folder(out)
    yes = Confirmed(number=1, record=record_of("confirmed"), script="1 / 0\n")
    assert folder.take("a", SCIPY, yes)
    for standing in ("not run", "not on this processor"):
        no = Confirmed(number=1, record=record_of(standing))
        assert not Folder(out).take("a", SCIPY, no)
    assert log.read(folder.log).entries["a"].is_confirmed
    assert folder.script("a").read_text() == "1 / 0\n"
    assert Folder(out).take("a", SCIPY, Confirmed(number=1, record=record_of("not shown")))
    assert not folder.script("a").exists()


def test_what_the_ledger_no_longer_has_is_dropped_and_nothing_else_is(out):
    outside = out.parent / "mine.py"
    outside.write_text("pass\n")
    log.write(out / log.FILE, {"a": record_of("confirmed"), "../../mine": record_of("confirmed")})
    assert Folder(out).drop_others([]) == ["../../mine", "a"]
    assert outside.exists()
    assert not log.read(out / log.FILE).entries


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff", b'{"schema": 2}', b'{"entries": {"a": 1}}', b'{"colour": 1}',
        b'{"entries": {"a": {"variant": "x"}}}', b"[" * 5000,
    ],
)  # fmt: skip
def test_a_damaged_log_is_refused_in_a_line_and_left_alone(book, out, content):
    out.mkdir()
    (out / log.FILE).write_bytes(content)
    book.write_text(of_scipy())
    code, said = call(book, "-o", out)
    assert code == 4
    assert len(said.splitlines()) == 1
    assert said.startswith(str(out / log.FILE))
    assert (out / log.FILE).read_bytes() == content
    assert Path(out / log.FILE).is_file()
