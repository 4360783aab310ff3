"""What backends support is what they declare: true of every case, complete, readable, current."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from rich.console import Console

from convergent.backends import contracts, processor, registry
from convergent.backends.base import Backend, Gap, method
from convergent.backends.modes import Mode
from convergent.cases import suites
from convergent.cases.case import DTYPES
from convergent.cases.features import FEATURES, features
from convergent.cases.strategies import cases
from convergent.cases.text import parse
from convergent.harness.cli import COMMANDS
from convergent.reports import support
from convergent.reports.support import case as support_case
from convergent.reports.support import json as support_json
from convergent.reports.support import logic as support_logic
from convergent.reports.support import markdown as support_markdown
from convergent.reports.support import text as support_text
from convergent.reports.support.cells import Judge, notes_of
from convergent.reports.support.words import columns, holds

PAGE = Path(__file__).parents[2] / "docs" / "support.md"
MAKE = "convergent support --format markdown > docs/support.md"
# Of networks and triples the gaps see nothing that the smaller suites have not.
SUITES = [name for name in suites.names() if name not in ("networks", "triples")]
CASES = sorted({case for name in SUITES for case in suites.load(name)}, key=str)
BACKENDS = {name: registry.get(name) for name in registry.BUILT_IN}


def gap(*when, unless=(), methods=("conv/native",), reason="no", kind="notyet", raises=""):
    return Gap(
        methods=methods, when=when, unless=tuple(unless), reason=reason, kind=kind, raises=raises
    )


class Planted(Backend):
    """A backend that is only declared."""

    name = "planted"
    packages = ("planted",)
    modes = (
        Mode(name="fast", meaning="all tricks on", environment=(("FAST", "1"),), group="speed"),
        Mode(name="slow", meaning="no tricks", group="speed", needs="patience"),
    )
    variants = ("", "fast")
    trait_words = {"old": "an old processor"}  # noqa: RUF012 - read only
    gaps = (
        gap("3d", "channels_first", "float64", reason="all three at once", raises="TypeError"),
        gap("grouped", unless=("fast",), reason="groups are fast or not at all"),
        gap("strided", "old", reason="old machines do not stride", kind="notimpl"),
        gap("fast", methods=("conv/plain",), reason="nothing plain is fast", kind="never"),
        gap(methods=("contract/conv_rank",), reason="more batch axes are welcome", kind="never"),
        gap("reversed", methods=("*",), reason="memory goes forward"),
    )

    @method("conv", "native")
    def native(self, case, t):
        """Convolve."""

    @method("conv", "plain")
    @method("transpose", "plain")
    def plain(self, case, t):
        """Convolve plainly."""

    def told(self, call):
        """Call as told."""


SHEET = support.sheet(Planted)
(NATIVE, PLAIN) = SHEET.of("conv")


def cell_of(gaps, *words):
    judge = Judge(notes=notes_of(gaps), modes=Planted.modes)
    return judge.of_feature(gaps, words[0]) if len(words) == 1 else judge.together(gaps, words)


def shown(print_, *what, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_(*what, console)
    return console.file.getvalue()


def convergent(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "convergent", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


# --- the page in the docs


def test_the_page_in_the_docs_is_current():
    page = support_markdown.page(support.sheets(list(BACKENDS)))
    assert PAGE.read_text(encoding="utf-8") == page, f"docs/support.md is old; run: {MAKE}"


def test_the_page_says_how_it_is_made():
    assert MAKE in PAGE.read_text(encoding="utf-8")


def test_the_page_is_the_same_on_every_machine(monkeypatch):
    pages = set()
    for flags in ((), ("avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni")):
        monkeypatch.setattr(processor, "flags", lambda has=flags: frozenset(has))
        pages.add(support_markdown.page(support.sheets(list(BACKENDS))))
    assert len(pages) == 1


def test_no_framework_is_imported():
    script = (
        "import sys; from convergent.reports import support; "
        "from convergent.reports.support import json, markdown; "
        "from convergent.backends import registry; "
        "sheets = support.sheets(list(registry.BUILT_IN)); "
        "markdown.page(sheets); json.document(sheets); "
        "assert not {'torch', 'tensorflow', 'jax', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# --- completeness


@pytest.mark.parametrize("name", BACKENDS)
def test_every_method_is_shown(name):
    sheet, methods = support.sheet(BACKENDS[name]), BACKENDS[name].methods().values()
    page, text = support_markdown.page([sheet]), shown(support_text.print_sheets, [sheet])
    told = {f"{op}_{refusal.name}" for refusal in sheet.refusals for op in refusal.cells}
    assert {(row.op, row.name) for row in sheet.rows} | {("contract", name) for name in told} == {
        (m.op, m.name) for m in methods
    }
    for row in sheet.rows:
        assert f"`{row.name}`" in page
        assert row.name in text


@pytest.mark.parametrize("name", BACKENDS)
def test_every_gap_stands_in_a_reason_that_is_shown(name):
    sheet = support.sheet(BACKENDS[name])
    page, text = (
        support_markdown.page([sheet]),
        shown(support_text.print_sheets, [sheet], width=500),
    )
    for declared in BACKENDS[name].gaps:
        (note,) = {n.number: n for n in sheet.notes if declared in n.gaps}.values()
        assert (note.reason, note.kind, note.raises) == (
            declared.reason, declared.kind, declared.raises,
        )  # fmt: skip
        assert declared.reason.replace("|", "\\|") in page
        assert declared.reason in text
        for word in (*declared.when, *declared.unless):
            assert word in holds(note)


@pytest.mark.parametrize("name", BACKENDS)
def test_every_gap_of_a_method_is_cited_in_its_row_unless_another_says_no(name):
    sheet = support.sheet(BACKENDS[name])
    for row in sheet.rows:
        cells = (row.always, *row.cells.values())
        cited = {number for cell in cells for number in cell.notes}
        for declared in row.gaps:
            numbers = {n.number for n in sheet.notes if declared in n.gaps}
            named = [w for w in declared.when if w in FEATURES]
            assert numbers <= cited or any(row.cells[w].support == "no" for w in named)


@pytest.mark.parametrize("name", BACKENDS)
def test_every_condition_is_a_known_word(name):
    backend = BACKENDS[name]
    known = {*FEATURES, *backend.trait_words, *(mode.name for mode in backend.modes)}
    for declared in backend.gaps:
        assert known.issuperset((*declared.when, *declared.unless))


# --- truth: what the table says is what a run finds


@pytest.mark.parametrize("name", BACKENDS)
def test_the_table_says_of_every_case_what_the_gaps_do(name):
    backend = BACKENDS[name]
    sheet = support.sheet(backend)
    machines = [frozenset(), frozenset(backend.trait_words)]
    together = {}
    for row in (row for row in sheet.rows if row.gaps):
        for case in CASES:
            has = features(case)
            covered = [
                any(g.covers(f"{row.op}/{row.name}", case, traits) for g in row.gaps)
                for traits in machines
            ]
            cells = [row.always, *(row.cells[w] for w in has if w in row.cells)]
            said = {cell.support for cell in cells}
            assert "no" not in said or all(covered), f"{row.name} does {case}"
            assert said != {"yes"} or not any(covered), f"{row.name} does not do {case}"
            for word in has & set(sheet.features) - set(DTYPES):
                key = (row.op, row.name, word, case.dtype)
                if key not in together:
                    together[key] = support.together(sheet, row, (word, case.dtype))
                assert together[key], f"{word} and {case.dtype} are possible: {case}"
                assert together[key].support != "no" or all(covered), f"{key} {case}"


def follows(case):
    """Check what ``support_logic`` believes of features against a case."""
    has = features(case)
    for row in support_logic.COMPLETE:
        assert len(has & set(row)) == 1
    for row in support_logic.EXCLUSIVE:
        assert len(has & set(row)) <= 1
    for word, implied in support_logic.IMPLIED.items():
        assert word not in has or has.issuperset(implied)
    assert support_logic.learn_all(has)


def test_what_features_imply_is_true_of_every_suite():
    for case in CASES:
        follows(case)


@given(cases())
def test_what_features_imply_is_true_of_any_case(case):
    follows(case)


# --- what a cell says


def test_a_conjunction_is_partly_in_each_of_its_columns():
    for word in ("3d", "channels_first", "float64"):
        assert NATIVE.cells[word].support == "partly"
        assert NATIVE.cells[word].notes == (1,)
    assert holds(SHEET.notes[0]) == "when 3d and float64 and channels_first"


def test_a_conjunction_is_no_where_all_of_it_holds():
    assert support.together(SHEET, NATIVE, ("3d", "float64")).support == "partly"
    assert support.together(SHEET, NATIVE, ("3d", "float32")).support == "yes"
    assert support.together(SHEET, NATIVE, ("3d", "float64", "channels_first")).support == "no"
    assert support.together(SHEET, NATIVE, ("3d", "1d")) is None


def test_one_word_alone_is_no():
    assert cell_of((gap("3d"),), "3d").support == "no"
    assert cell_of((gap("3d"),), "2d").support == "yes"


def test_gaps_that_leave_nothing_together_are_no():
    assert cell_of([gap("3d", dtype) for dtype in DTYPES], "3d").support == "no"
    assert cell_of([gap("3d", dtype) for dtype in DTYPES[1:]], "3d").support == "partly"
    assert cell_of((gap("3d", "strided"), gap("3d", unless=("strided",))), "3d").support == "no"


def test_a_gap_that_suffices_alone_is_cited_alone():
    gaps = (gap("3d", "float64", reason="some"), gap("3d", reason="all"))
    assert cell_of(gaps, "3d").notes == (2,)
    assert cell_of(gaps, "float64").notes == (1,)


def test_a_feature_that_implies_another_shares_its_gaps():
    assert cell_of((gap("grouped"),), "multiplier").support == "no"
    assert cell_of((gap("strided", "1d"),), "strided_dilated").support == "partly"
    assert cell_of((gap("multiplier"),), "grouped").support == "yes"  # its own column says it


def test_what_unless_leaves_is_named():
    gaps = (gap("2d", unless=("valid", "same")),)
    assert cell_of(gaps, "explicit").support == "partly"
    assert cell_of(gaps, "same_lower").support == "partly"
    assert cell_of(gaps, "valid").support == "yes"
    assert cell_of(gaps, "2d", "explicit").support == "no"


def test_a_gap_of_one_kind_of_machine_is_partly():
    assert NATIVE.cells["strided"].support == "partly"
    assert holds(SHEET.notes[2]) == "when strided, given old"


def test_what_a_mode_makes_possible_is_no_without_it():
    assert NATIVE.cells["grouped"].support == "no"
    assert holds(SHEET.notes[1]) == "when grouped, unless fast"


def test_a_gap_of_no_feature_concerns_all_cases():
    assert PLAIN.cells == {}
    assert (PLAIN.always.support, PLAIN.always.notes) == ("partly", (4,))
    assert cell_of((gap(unless=("per_channel",)),), "3d").support == "yes"
    assert cell_of((gap(unless=("per_channel",)),), "3d", "float64").support == "partly"


def test_alternatives_of_one_reason_are_one_note():
    (note,) = notes_of([gap("3d", "float64"), gap("3d", "float32", "old"), gap("3d", "float16")])
    assert holds(note) == "when 3d, with float64, float32 given old, or float16"
    assert len(notes_of([gap("3d"), gap("3d", methods=("conv/other",))])) == 1
    assert len(notes_of([gap("3d"), gap("2d", methods=("conv/other",))])) == 2


def test_columns_that_say_the_same_are_one():
    gaps = (gap("strided", "float64"), gap("strided", "float16"))
    judge = Judge(notes=notes_of(gaps), modes=())
    words = ("float64", "float16", "strided", "unequal_strides")
    cells = {word: judge.of_feature(gaps, word) for word in words}
    row = support.Row(
        op="conv", name="a", calls="", gaps=gaps, always=judge.of_all(()), cells=cells
    )
    assert columns(words, [row]) == [("float64", "float16", "strided")]


def test_what_no_method_does_is_said_once():
    assert SHEET.shared.cells.keys() == {"reversed"}
    assert [row.cells.keys() for row in SHEET.own if row.name == "plain"] == [set(), set()]
    assert all(row.cells["reversed"].support == "no" for row in SHEET.rows)
    assert shown(support_text.print_sheets, [SHEET]).count("reversed [6]") == 1
    assert support_markdown.page([SHEET]).count("#planted-6)") == 1


# --- illegal calls and modes


def test_every_illegal_call_is_asked_or_says_why_not():
    assert len(SHEET.refusals) == len({breach.name for breach in contracts.TABLE})
    cells = {(r.name, op): cell for r in SHEET.refusals for op, cell in r.cells.items()}
    assert len(cells) == len(contracts.methods())
    assert (cells.pop(("rank", "conv"))).support == "no"
    assert {cell.support for cell in cells.values()} == {"yes"}


def test_illegal_calls_and_modes_are_shown():
    for text in (support_markdown.page([SHEET]), shown(support_text.print_sheets, [SHEET])):
        for said in (
            "more batch axes are welcome", "stride_zero", "a window that does not move has no end",
            "all tricks on", "FAST=1", "patience", "not with", "planted:fast", "an old processor",
        ):  # fmt: skip
            assert said in text
    backend = json.loads(support_json.document([SHEET]))["backends"]["planted"]
    assert backend["modes"][0]["sets"] == {"FAST": "1"}
    assert backend["variants"] == ["planted", "planted:fast"]


# --- as JSON


def test_json_answers_for_feature_and_dtype_together():
    document = json.loads(support_json.document([SHEET]))
    rows = {tuple(row[1:5]): row[5:] for row in document["rows"]["data"]}
    assert document["rows"]["columns"] == list(support_json.COLUMNS)
    assert rows["conv", "native", "3d", "float64"] == ["partly", [1]]
    assert ("conv", "native", "3d", "float32") not in rows
    assert rows["conv", "native", "grouped", "float16"] == ["no", [2]]
    assert rows["conv", "plain", "any", "float16"] == ["partly", [4]]


def test_json_answers_the_question_of_the_docs():
    done = convergent("support", "--format", "json")
    rows = json.loads(done.stdout)["rows"]["data"]
    (row,) = [r for r in rows if r[:5] == ["torch", "conv", "unfold", "3d", "float16"]]
    assert row[5] == "no"


# --- for people


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_text_fits_the_terminal(width):
    text = shown(support_text.print_sheets, [SHEET, *support.sheets(list(BACKENDS))], width=width)
    assert max(map(len, text.splitlines())) <= width


def test_markdown_tables_have_equally_many_cells_in_every_row():
    page = support_markdown.page([SHEET, *support.sheets(list(BACKENDS))])
    for table in page.split("\n\n"):
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({row.replace("\\|", "").count("|") for row in rows}) <= 1, table


def test_every_reason_that_the_page_cites_is_on_it():
    page = support_markdown.page([SHEET, *support.sheets(list(BACKENDS))])
    cited = set(re.findall(r"\(#([a-z]+-\d+)\)", page))
    assert cited
    assert cited <= set(re.findall(r'<a id="([a-z]+-\d+)">', page))


def test_a_case_is_answered_with_what_a_run_would_say():
    case = parse("conv3d:i5_c4_k3_o4_g2_s2_pSAME_float64")
    for answer in support_case.answers(case, list(BACKENDS)):
        variant = registry.variant(answer.variant)
        for op, name, found in answer.methods:
            assert found == variant.gap(f"{op}/{name}", case)
        assert not set(answer.unasked) & set(answer.ops)
    text = shown(support_text.print_case, case, support_case.answers(case, ["torch"], ["conv"]))
    assert "✗ unfold" in text
    assert "not asked" not in text


# --- the command


def test_the_command_answers_for_a_case():
    done = convergent("support", "--case", "conv2d:i4_k3_g2_c2_o2", "--backend", "jax")
    assert done.returncode == 0, done.stderr
    assert "✗ with_general_padding" in done.stdout
    asked = convergent("support", "--case", "conv2d:i4_k3", "--op", "conv", "--format", "json")
    assert json.loads(asked.stdout)["variants"]["torch"]["methods"][0]["does"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--backend", "caffe"], 4, "caffe"),
        (["--op", "convolve"], 4, "convolve"),
        (["--case", "conv2d:i4"], 4, "kernel"),
        (["--backend", "torch:warp"], 4, "torch:warp"),
        (["--backend", "torch:warp", "--case", "conv2d:i4_k3"], 4, "warp"),
        (["--case", "conv2d:i4_k3", "--format", "markdown"], 4, "text or json"),
        (["--format", "xml"], 4, "xml"),
        (["--backend", "scipy", "--op", "contract"], 5, "nothing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, code, said):
    done = convergent("support", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    assert sum(said in line for line in lines) == 1
    assert "Traceback" not in done.stderr


def test_the_command_is_listed_and_its_help_has_examples():
    assert "support" in COMMANDS
    done = convergent("support", "--help")
    assert done.returncode == 0
    assert "convergent support --case" in done.stdout
