"""``convergent known``: ledgers are checked, pruned and added to, and nothing else is touched."""

import multiprocessing
import tomllib

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from convergent.cases.errors import InvalidLedger, UnknownBackend
from convergent.cases.text import parse
from convergent.harness import ledger, run
from convergent.harness.cli import known as cli
from convergent.harness.known import draft, edit, faults, layout, standing
from convergent.harness.known.file import File
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Selection

WRONG = "conv2d:n2_i4_k1"  # of a batch, which `batched` cannot do
RIGHT = "conv2d:i4_k1"
STRID = "'strid' is no feature; see convergent list features"
SAID = ["--reason", "a batch is spoiled", "--issue", "https://example.org/1"]


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
    words = {True: "true", False: "false"}
    said = [
        f"{name} = {words[value] if isinstance(value, bool) else repr(value)}"
        for name, value in fields.items()
    ]
    return "\n".join(["[[known]]", *said, ""])


def call(*arguments):
    """Return exit code and output of ``convergent known``, as the command line ends it."""
    done = CliRunner().invoke(cli.command, [str(a) for a in arguments], standalone_mode=False)
    if isinstance(done.exception, InvalidLedger):
        return 4, str(done.exception)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


@pytest.fixture
def book(tmp_path):
    return tmp_path / "known.toml"


# ------------------------------------------------------------------------------------- validity


def test_the_built_in_ledger_is_valid():
    code, said = call("check", "--no-run")
    assert code == 0
    assert f"{len(ledger.load().entries)} entries" in said


def test_a_valid_file_is_not_asked_for_a_backend_that_there_is_not(book):
    book.write_text(entry(), encoding="utf-8-sig")  # as Windows' editors begin a file
    assert call("check", book, "--no-run")[0] == 0
    assert ledger.load(book).entries
    with pytest.raises(UnknownBackend, match="nope"):
        call("check", book, "--no-run", "--backend", "nope")


def test_every_fault_is_told_with_its_entry_and_line(book):
    text = (
        "# of ours\n"
        + entry(when=["strid"], verdicts=["agrees"])
        + "\n"
        + entry()
        + "\n"
        + entry(reason=3, colour="red", versions="about 2")
    )
    book.write_text(text)
    code, said = call("check", book, "--no-run")
    lines = text.splitlines()

    def at(number, field):
        heads = [i for i, line in enumerate(lines) if line == "[[known]]"]
        first = heads[number - 1]
        return next(i for i in range(first, len(lines)) if lines[i].startswith(field)) + 1

    assert code == 4
    assert said.splitlines() == [
        f"{book}, line {at(1, 'when')}, entry 1: {STRID}",
        f"{book}, line {at(1, 'verdicts')}, entry 1: 'agrees' is no divergence",
        f"{book}, line {at(3, 'colour')}, entry 3: 'colour' is no field; the fields are "
        + ", ".join(ledger.Entry.__struct_fields__),
        f"{book}, line {at(3, 'reason')}, entry 3: reason: Expected `str`, got `int`",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[known]]\nvariant = \n", "line 2"),
        ("[[known]]\n", "line 1, entry 1: 'variant' is missing"),
        ("\n[known]\nvariant = 'torch'\n", "line 2: an entry begins with [[known]]"),
        ("known = [\n 3]\n", "line 1, entry 1: an entry has fields"),
        ("\n\nbaseline = 3\n", "line 3: 'baseline' is no part of a ledger"),
        (entry(verdicts=[]), "line 6, entry 1: no verdict is named"),
        (entry(example="conv/batched/conv2d:i4"), "line 7, entry 1: the example's"),
        (entry(versions="about 2"), "line 3, entry 1: versions 'about 2' is no version range"),
        ("x = " + "[" * 5000, "known.toml"),
    ],
)
def test_what_is_no_ledger_is_refused_in_a_line(book, text, said):
    book.write_text(text)
    code, told = call("check", book, "--no-run")
    assert code == 4
    assert said in told.splitlines()[0]
    assert told.startswith(str(book))


def test_what_cannot_be_read_is_refused(book):
    assert call("check", book)[0] == 4
    book.write_bytes(b"# \xff")
    code, said = call("check", book)
    assert code == 4
    assert "UTF-8" in said


# ------------------------------------------------------------------------------------------ check

MIXED = [
    ("holds", entry()),
    ("stale", entry(example=f"conv/batched/{RIGHT}")),
    ("changed", entry(verdicts=["raised"])),
    ("depends", entry(example=f"conv/batched/{RIGHT}", strict=False)),
    ("other version", entry(versions="<1.0", example=f"conv/batched/{RIGHT}")),
    ("not installed", entry(variant="caffe")),
    ("stale", entry(checks=["conv/gone"], example=f"conv/gone/{WRONG}")),
]


def test_each_entry_stands_as_its_example_says(book, planted):
    book.write_text("\n".join(text for _, text in MIXED))
    found = list(standing.examine(standing.select(File(book).entries, ())))
    assert [one.standing for one in sorted(found, key=lambda one: one.number)] == [
        word for word, _ in MIXED
    ]
    code, said = call("check", book)
    assert code == 1
    assert "stale          entry 2, line 12: narrow conv/batched/conv2d:i4_k1" in said
    assert "7 entries: 1 holds, 2 stale, 1 changed, 1 depends, 1 other version, 1 not" in said
    assert "no backend has that name" in said


@pytest.mark.parametrize(
    ("words", "arguments", "code"),
    [
        (("holds", "depends", "other version", "not installed"), (), 0),
        (("not installed",), (), 5),
        (("stale", "not installed"), ("--variant", "scipy"), 5),
        (("stale", "not installed"), ("--variant", "narrow"), 1),
        ((), (), 0),
    ],
)
def test_the_exit_code_tells_what_became_of_the_entries(book, planted, words, arguments, code):
    book.write_text("\n".join(dict(reversed(MIXED))[word] for word in words))
    assert call("check", book, *arguments)[0] == code


def test_a_divergence_that_comes_and_goes_is_not_stale(book, planted):
    """The planted method is wrong the first three times that it is called, and then no more."""
    book.write_text(entry(checks=["conv/now_and_then"], example=f"conv/now_and_then/{WRONG}"))
    assert call("check", book)[0] == 0


def test_a_framework_that_does_not_load_is_no_stale_entry(book, planted):
    absent = entry(variant="absent", checks=["conv/*"], example=f"conv/honest/{WRONG}")
    book.write_text(f"{absent}\n{entry()}")
    code, said = call("check", book)
    assert code == 3
    assert "2 entries: 1 holds, 1 not run" in said
    assert "libabsent.so" in said


# ------------------------------------------------------------------------------------------ prune


def test_prune_takes_out_what_is_stale_and_nothing_else(book, planted):
    text = "# head\n\n" + "\n".join(f"# about {word}\n\n{text}" for word, text in MIXED) + "# end\n"
    book.write_text(text)
    assert call("prune", book, "--dry-run")[0] == 1  # one has changed
    assert book.read_text() == text
    code, said = call("prune", book)
    assert code == 1
    kept = [(word, text) for word, text in MIXED if word != "stale"]
    assert File(book).entries == tuple(
        msgspec.toml.decode(text)["known"][0] and ledger.decode(text.encode(), "").entries[0]
        for _, text in kept
    )
    assert book.read_text().count("# about") == len(MIXED)
    assert book.read_text().endswith(entry(variant="caffe") + "\n# about stale\n\n# end\n")
    assert MIXED[1][1] in said


def test_prune_says_when_an_entry_may_hold_for_other_versions(book, planted):
    book.write_text(entry(versions=">=0.5,<2", example=f"conv/batched/{RIGHT}"))
    code, said = call("prune", book)
    assert code == 0
    assert "narrow its versions" in said
    assert File(book).entries == ()


def test_the_ledger_of_an_installed_package_is_not_pruned(tmp_path, monkeypatch):
    site = tmp_path / "lib" / "python3" / "site-packages" / "convergent" / "harness"
    site.mkdir(parents=True)
    text = entry(variant="caffe")
    (site / "known.toml").write_text(text)
    monkeypatch.setattr(ledger, "built_in", lambda: site / "known.toml")
    for named in ((), (site / "known.toml",)):
        code, said = call("prune", *named)
        assert code == 4
        assert "give your FILE" in said
    assert (site / "known.toml").read_text() == text


def test_a_ledger_that_is_changed_meanwhile_is_not_pruned(book):
    book.write_text(entry())
    with pytest.raises(InvalidLedger, match="changed meanwhile"):
        edit.prune(book, entry() + "# more\n", [1])
    assert book.read_text() == entry()


def test_entries_in_an_array_are_checked_and_not_pruned(book, planted):
    raw = tomllib.loads(entry(example=f"conv/batched/{RIGHT}"))["known"][0]
    fields = ", ".join(f"{name} = {value!r}" for name, value in raw.items())
    book.write_text(f"# all\nknown = [{{{fields}}}]\n")
    code, said = call("check", book)
    assert (code, "entry 1, line 2" in said) == (1, True)
    code, said = call("prune", book)
    assert code == 4
    assert "[[known]]" in said


def test_a_link_and_the_mode_of_a_file_stay(tmp_path):
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    real.write_text(entry())
    real.chmod(0o600)
    link.symlink_to(real)
    edit.prune(link, entry(), [1])
    assert link.is_symlink()
    assert real.read_text() == ""
    assert real.stat().st_mode & 0o777 == 0o600


FILLER = st.lists(
    st.sampled_from(["# a comment\n", "\n", "  \n", "# [[known]]\n", '# "quote\n', "\t# x\r\n"]),
    max_size=4,
).map("".join)
HEADS = st.sampled_from(
    ["[[known]]\n", "[[known]] # first\n", "[[ known ]]\n", '  [["known"]]\n', "[[known]]\r\n"]
)
REASONS = st.sampled_from(["'it'", '"# no [[known]]"', "'''\n[[known]]\n'''", '"""\n# "\\"""""'])
ARRAYS = st.sampled_from(["['conv/*']", "[\n  # [[known]]\n  'conv/*', # ]\n]", '["conv/*"]'])


@st.composite
def entries(draw):
    """Draw the lines of an entry as people may write them: comments within, strings of lines."""
    fields = [
        "variant = 'narrow'\n",
        f"checks = {draw(ARRAYS)}\n",
        "verdicts = ['differs']\n",
        f"example = 'conv/batched/{WRONG}'\n",
        "kind = 'notyet'\n",
        f"reason = {draw(REASONS)}\n",
        f"issue = 'https://example.org/{draw(st.integers(0, 999))}' # link\n",
    ]
    inside = draw(st.lists(FILLER, min_size=7, max_size=7))
    parts = [a + b for a, b in zip(inside, draw(st.permutations(fields)), strict=True)]
    return draw(HEADS) + "".join(parts)


@given(st.data(), st.lists(st.tuples(entries(), FILLER), max_size=5), FILLER, st.booleans())
def test_taking_entries_out_leaves_every_other_byte(data, written, head, ends):
    text = head + "".join(entry + filler for entry, filler in written)
    text = text if ends else text.removesuffix("\n")
    chosen = data.draw(st.sets(st.integers(0, max(0, len(written) - 1)), max_size=len(written)))
    chosen = chosen if written else set()
    before = tomllib.loads(text.replace("\r", ""))["known"] if written else []
    places = layout.places(text)
    assert len(places) == len(written)

    after = layout.without(text, chosen)

    left = tomllib.loads(after.replace("\r", "")).get("known", [])
    assert left == [fields for number, fields in enumerate(before) if number not in chosen]
    lines = layout.lines(text)
    removed = {at for n in chosen for at in range(places[n].first, places[n].end)}
    must = [line for at, line in enumerate(lines) if at not in removed and line.strip()]
    assert [line for line in layout.lines(after) if line.strip()] == must
    remaining = iter(lines)
    assert all(line in remaining for line in layout.lines(after))  # in order, and none is new
    if not chosen:
        assert after == text


@settings(max_examples=20)
@given(st.lists(entries(), max_size=3))
def test_faults_of_a_valid_file_are_none_and_lines_are_right(written):
    text = "\n".join(written)
    assert faults.faults(text, "it") == []
    for place in layout.places(text):
        assert "known" in layout.lines(text)[place.line() - 1]
        assert layout.lines(text)[place.line("issue") - 1].startswith("issue")


# -------------------------------------------------------------------------------------------- add


def test_a_divergence_is_added_and_then_known(book, planted):
    reason = "a \"batch\" is spoiled: 'é' \\ # [[known]] ☃"
    said = ["--reason", reason, "--issue", "not reported before", "--file", book]
    code, told = call("add", "narrow", "conv/batched", WRONG, *said)
    assert code == 0
    assert "--when widens it to what has: 2d float32 channels_last batched" in told
    (made,) = File(book).entries
    assert made.reason == reason
    assert (made.variant, made.versions, made.cases) == ("narrow", "==1.0.*", WRONG)
    assert (made.checks, made.verdicts) == (("conv/batched",), ("differs",))
    assert call("check", book)[0] == 0
    code, told = call("add", f"narrow/conv/batched/{WRONG}", *said)
    assert code == 4
    assert "already" in told
    assert len(File(book).entries) == 1


def test_an_entry_is_widened_by_what_is_said(book, planted):
    wide = ["--when", "batched", "--unless", "3d", "--checks", "conv/*", "--versions", ">=1,<3"]
    code, _ = call("add", "narrow", "conv/batched", WRONG, *SAID, *wide, "--file", book)
    assert code == 0
    (made,) = File(book).entries
    assert (made.when, made.unless, made.checks) == (("batched",), ("3d",), ("conv/*",))
    assert (made.versions, made.cases) == (">=1,<3", "*")


def test_a_degraded_result_is_added_with_its_model(book, planted):
    case = "conv1d:i5_c17_k1_float16"
    assert call("add", "narrow", "conv/float16", case, *SAID, "--file", book)[0] == 0
    (made,) = File(book).entries
    assert (made.verdicts, made.models) == (("degraded",), ("accumulates in float16",))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["conv/batched", RIGHT, *SAID], "its verdict is agrees"),
        (["conv/batched", WRONG, *SAID, "--when", "strided"], "does not cover its own example"),
        (["conv/batched", WRONG, *SAID, "--unless", "batched"], "does not cover its own example"),
        (["conv/batched", WRONG, *SAID, "--cases", "conv1d:*"], "does not cover its own example"),
        (["conv/batched", WRONG, *SAID, "--when", "bat"], "no feature"),
        (["conv/batched", WRONG, *SAID, "--versions", "<1"], "do not contain 1.0"),
        (["conv/batched", WRONG, *SAID, "--versions", "about"], "no version range"),
        (["conv/batched", WRONG, "--reason", "two\nlines", "--issue", "x"], "one line"),
        (["conv/batched", WRONG, "--reason", "bell\a", "--issue", "x"], "printable"),
        (["conv/batched", WRONG, "--reason", "half \udce9", "--issue", "x"], "printable"),
        (["conv/batched", WRONG, "--reason", " ", "--issue", "x"], "empty"),
        (["conv/batched", WRONG, "--reason", "r", "--issue", ""], "empty"),
    ],
)
def test_what_makes_no_entry_is_refused_and_leaves_no_file(book, planted, arguments, said):
    code, told = call("add", "narrow", *arguments, "--file", book)
    assert code == 4
    assert said in told
    assert not book.exists()


def test_an_invalid_ledger_is_not_added_to(book, planted):
    book.write_text("[[known]]\n")
    code, told = call("add", "narrow", "conv/batched", WRONG, *SAID, "--file", book)
    assert code == 4
    assert "is missing" in told
    assert book.read_text() == "[[known]]\n"


def test_the_findings_of_a_run_are_added_a_group_at_a_time(tmp_path, book, planted):
    lines = (WRONG, "conv1d:n3_i5_k1", "conv1d:n2_i6_k2_float16", RIGHT)
    result = run.run(
        [parse(line) for line in lines],
        Options(
            variants=("narrow",),
            folder=tmp_path / "out",
            selection=Selection(methods=("batched", "says_sizes")),
            jobs=1,
        ),
        ledger.Ledger([]),
    )
    path = tmp_path / "out" / "run.jsonl"
    code, told = call("add", "--from", path, *SAID, "--file", book)
    assert code == 0, told
    smallest = "conv1d:n3_i5_k1"
    assert [made.example for made in File(book).entries] == [
        f"conv/batched/{smallest}",
        f"conv/says_sizes/{smallest}",
    ]
    assert "2 of 2 added" in told
    assert "widens it to what has: channels_last batched" in told  # all cases of the group
    assert len([o for o in result.run.outcomes if o.is_finding]) == 6
    code, told = call("add", "--from", path, *SAID, "--file", book)
    assert code == 4
    assert "0 of 2 added" in told


def _add(path, number):
    outcome = Outcome(
        variant="scipy", op="conv", method="correlate", case=f"conv1d:i{number}_k1",
        verdict="differs",
    )  # fmt: skip
    wanted = draft.Wanted(reason=f"number {number}", issue="x")
    edit.add(path, draft.draft(outcome, "1.2.3", wanted), outcome, "1.2.3")


def test_adders_at_the_same_time_lose_nothing(book):
    others = multiprocessing.get_context("fork")
    adders = [others.Process(target=_add, args=(book, number)) for number in range(1, 9)]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    assert [adder.exitcode for adder in adders] == [0] * 8
    reasons = {made.reason for made in File(book).entries}
    assert reasons == {f"number {number}" for number in range(1, 9)}
    assert [path.name for path in book.parent.iterdir()] == ["known.toml"]


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple),
    st.booleans(),
)
def test_any_text_survives_the_writing(reason, when, strict):
    made = ledger.Entry(
        variant="torch", checks=("conv/*",), verdicts=("differs",), example="x", kind="never",
        reason=reason, issue="y", when=when, strict=strict,
    )  # fmt: skip
    (read,) = tomllib.loads(draft.text(made))["known"]
    assert msgspec.convert(read, ledger.Entry) == made


@pytest.mark.parametrize(
    ("before", "gap"),
    [("", ""), ("# head\n", "\n"), ("# head", "\n\n"), ("# head\n\n", ""), ("# a\r\n", "\r\n")],
)
def test_an_entry_stands_after_an_empty_line(before, gap):
    end = "\r\n" if "\r" in before else "\n"
    assert edit._appended(before, "[[known]]\n") == f"{before}{gap}[[known]]{end}"


@pytest.mark.parametrize(
    ("version", "around"),
    [
        ("2.13.0+cpu", "==2.13.*"),
        ("2.14.0.dev20260101", "==2.14.*"),
        ("5", "==5.*"),
        ("1!2.3", "==1!2.3.*"),
    ],
)
def test_the_range_of_a_version_holds_it(version, around):
    assert draft.around(version) == around
    assert ledger._contains(around, version)
