import pytest

from convergent.cases import data, goldens, suites, sweep
from convergent.cases.case import DTYPES, MEMORY, SPECIAL
from convergent.cases.errors import InvalidCase, UnknownSuite
from convergent.cases.features import FEATURES, features
from convergent.cases.scale import scale
from convergent.cases.text import parse

NAMES = suites.names()


def test_the_suites_of_the_documentation_are_there():
    assert set(NAMES).issuperset(["ci", "edge", "networks", "smoke", "sources", "triples"])
    assert sorted(NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_says_what_it_is_for_and_holds_each_case_once(name):
    cases = suites.load(name)
    assert cases
    assert len(set(cases)) == len(cases)
    assert len(suites.describe(name)) > 20
    assert "\n" not in suites.describe(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_suite_is_written_as_its_case_prints_itself(name):
    lines = [line.partition("#")[0].strip() for line in suites._text(name).splitlines()]
    assert [line for line in lines if line] == [str(case) for case in suites.load(name)]


@pytest.mark.parametrize("name", NAMES)
def test_every_case_of_a_suite_has_data(name):
    for case in suites.load(name):
        small = scale(case, 64) if name == "networks" else case
        assert data.make(small).x.shape == small.x_shape


def test_the_suite_of_the_sources_has_every_golden():
    assert {case.data for case in suites.load("sources")} >= set(goldens.names())


def test_the_smoke_suite_has_every_feature_in_few_small_cases():
    cases = suites.load("smoke")
    beyond = {"empty", "empty_batch", "empty_output", "no_channels", *MEMORY, *SPECIAL}
    assert set().union(*map(features, cases)) == set(FEATURES) - beyond
    assert {case.data for case in cases} >= {"exact", "normal", "uniform"}
    assert len(cases) <= 70
    assert max(case.macs for case in cases) < 50_000


def test_the_suites_of_odd_questions_have_every_feature_of_theirs():
    cases = [*suites.load("special"), *suites.load("contracts")]
    asked = {"empty", "empty_batch", "empty_output", "no_channels", *MEMORY[1:], *SPECIAL}
    assert set().union(*map(features, cases)) >= asked
    for kind in ("nonfinite", "subnormal", "tiny", "overflow", "signedzeros"):
        assert {case.dtype for case in cases if case.data == kind} == set(DTYPES)


@pytest.mark.parametrize(("strength", "name"), [(2, "ci"), (3, "triples")])
def test_the_suites_of_all_pairs_and_triples_are_what_the_sweep_makes(strength, name, capsys):
    sweep.main(strength)
    assert capsys.readouterr().out == suites._text(name)


def test_a_loaded_suite_is_the_callers_own():
    suites.load("smoke").clear()
    assert suites.load("smoke")


@pytest.mark.parametrize("function", [suites.load, suites.describe])
def test_an_unknown_suite_is_refused_with_the_names_there_are(function):
    with pytest.raises(UnknownSuite, match=r"'all' is no suite; the suites are ci, .*smoke"):
        function("all")


def test_comments_and_empty_lines_are_no_cases():
    text = "# nothing\n\n  conv1d:i5_k3  # small\n\tconv1d:i6_k3\r\n#conv1d:i7_k3\n"
    assert suites.read(text) == [parse("conv1d:i5_k3"), parse("conv1d:i6_k3")]


def test_a_file_of_cases_is_read(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("conv1d:i5_k3\n", encoding="utf-8")
    assert suites.read(path) == [parse("conv1d:i5_k3")]


def test_what_is_no_case_is_refused_with_file_and_line(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# mine\nconv1d:i5_k3\nconv1d:i5_k9\n", encoding="utf-8")
    with pytest.raises(InvalidCase, match=r"mine\.txt, line 3: the kernel covers"):
        suites.read(path)
    with pytest.raises(InvalidCase, match="text, line 1: 'nonsense' is no case"):
        suites.read("nonsense")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidCase, match="is no text of case lines"):
        suites.read(path)
