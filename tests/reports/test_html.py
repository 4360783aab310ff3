"""The report: one file, nothing foreign runs in it, and its figures are those of the run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from convergent.harness.outcome import Worst
from convergent.harness.record import Loaded
from convergent.reports import html
from convergent.reports.columns import Column, columns, embed
from convergent.reports.summary import summarise

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}<!--\u2028\x1b"
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "style"}


class Page(HTMLParser):
    """The elements of a page, and the text of those that hold code or data."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "h1": []}
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.texts:
            self._open = tag
            self.texts[tag].append("")

    def handle_endtag(self, tag) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data) -> None:
        if self._open:
            self.texts[self._open][-1] += data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]

    @property
    def data(self):
        return json.loads(self.texts["script"][0])


@pytest.fixture
def hostile(run_of, wrong, outcome):
    """Return a run file that says hostile things wherever a text may stand."""
    names = ("variant", "op", "method", "case", "where", "model", "detail", "note", "diagnosis")
    everywhere = dict.fromkeys(names, HOSTILE)
    absent = Loaded(name=f"x{HOSTILE}", error=HOSTILE)
    loaded = Loaded(name=HOSTILE, loaded={HOSTILE: {HOSTILE: [HOSTILE]}, "version": HOSTILE})
    return run_of(
        wrong(**everywhere),
        wrong(**everywhere | {"known": HOSTILE}),
        outcome(**everywhere, verdict="unsupported"),
        variants=(absent, loaded),
        argv=[HOSTILE],
        suite=HOSTILE,
        plan=HOSTILE,
        environment={HOSTILE: {HOSTILE: HOSTILE}},
        path=HOSTILE,
    )


def test_a_hostile_run_file_adds_no_element(hostile, large_run) -> None:
    usual = {tag for tag, _ in Page(html.render(large_run)).elements}
    page = Page(html.render(hostile))
    assert {tag for tag, _ in page.elements} <= usual
    assert len(page.texts["script"]) == 2
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]


def test_a_hostile_text_is_shown_as_it_is(hostile) -> None:
    page = Page(html.render(hostile))
    assert HOSTILE in page.texts["h1"][0]
    assert HOSTILE in page.data["columns"]["case"]["words"]


def test_a_hostile_name_stays_inside_its_link(hostile) -> None:
    assert all(link.startswith("#") for link in Page(html.render(hostile)).attributes("href"))


def test_data_cannot_leave_its_script() -> None:
    text = embed({"case": "</script>&<!--\u2028\u2029"})
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == {"case": "</script>&<!--\u2028\u2029"}


def test_the_report_is_one_file_that_loads_nothing(large_run) -> None:
    text = html.render(large_run)
    page = Page(text)
    assert not {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "base"}
    assert not {name for _, attrs in page.elements for name in attrs} & LOADING
    assert all(link.startswith("#") for link in page.attributes("href"))
    # An issue that a script's head names is text; the names of XML are no addresses.
    code = page.texts["style"][0] + page.texts["script"][1].replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert not re.search(r"https?://|@import|url\(|fetch|XMLHttpRequest|WebSocket|import\(", code)


def test_the_policy_lets_its_own_style_and_script_through_and_nothing_else(large_run) -> None:
    page = Page(html.render(large_run))
    policy = next(
        attrs["content"]
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for name, text in (("style", page.texts["style"][0]), ("script", page.texts["script"][1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"


def test_the_counts_are_those_of_the_run(large_run) -> None:
    text = html.render(large_run)
    total = summarise(large_run).total
    for verdict, count in [*total.findings.items(), ("agrees", total.agrees)]:
        assert f'<a class="chip {verdict}" href="#verdict={verdict}"><b>{count:,}</b>' in text
    assert f"{total.found} of {total.checked:,} checks need a look." in text


def test_each_cell_counts_its_checks(run_of, outcome, wrong) -> None:
    gap = outcome(case="conv1d:i8_k1", verdict="unsupported", detail="no")
    text = html.render(run_of(outcome(), wrong(case="conv1d:i8_k2"), gap))
    assert text.count('<td class="c r7 differs">✗ 1/2 <i>1 n/a</i></td>') == 2  # op and method


def unpacked(data, name):
    column = data["columns"][name]
    places = np.frombuffer(base64.b64decode(column["at"]), f"<u{column['bytes']}")
    return [column["words"][place] for place in places]


def test_every_check_is_in_the_list(large_run) -> None:
    data = columns(large_run)
    for name in ("variant", "key", "case", "verdict"):
        assert unpacked(data, name) == [getattr(o, name) for o in large_run.outcomes]
    assert {len(unpacked(data, name)) for name in data["columns"]} == {data["count"]}


def test_a_column_takes_as_many_bytes_as_its_words_need() -> None:
    for words, width in ((256, 1), (257, 2), (1 << 16, 2), ((1 << 16) + 1, 4)):
        column = Column()
        for value in range(words):
            column.add(value)
        assert column.packed()["bytes"] == width
        assert unpacked({"columns": {"n": column.packed()}}, "n") == list(range(words))


def test_each_facet_says_what_its_cases_are(run_of, outcome) -> None:
    cases = ("conv1d:i9_k3_s2_pSAME", "conv2d:n2_i9x10_c4_k3_o8_g4_d2x1_float16", "nothing")
    facets = columns(run_of(*(outcome(case=case) for case in cases)))["facets"]
    values = {n: [f["words"][i] for i in f["at"]] for n, f in facets.items() if f["of"] == "case"}
    assert values == {
        "dims": ["1d", "2d", ""],
        "dtype": ["float32", "float16", ""],
        "stride": ["2", "1", ""],
        "dilation": ["1", "2x1", ""],
        "groups": ["1", "depthwise", ""],
        "padding": ["SAME", "VALID", ""],
    }


def test_what_is_not_a_number_is_still_json(run_of, wrong) -> None:
    assert unpacked(columns(run_of(wrong(ratio="inf", ulp="nan"))), "ratio") == ["inf"]
    assert "∞" in html.render(run_of(wrong(ratio="inf", ulp="nan")))


def test_the_largest_numbers_are_still_json(run_of, wrong) -> None:
    page = html.render(
        run_of(wrong(ratio=1.797e308, ulp=1.797e308, seconds=1.7e308, again=1.7e308))
    )
    assert '"ratio":{"words":["inf"]' in page
    assert '"ms":{"words":["inf"]' in page


def test_a_known_divergence_keeps_its_reason_and_its_verdict(run_of, wrong) -> None:
    data = columns(run_of(wrong(known="upstream bug")))
    assert unpacked(data, "known") == ["upstream bug"]
    assert unpacked(data, "verdict") == ["differs"]


@pytest.mark.parametrize(("bound", "said"), [(0.0, "any error counts"), (3e-7, "limit 1")])
def test_a_card_says_what_its_ratio_is_held_against(run_of, wrong, bound, said) -> None:
    worst = Worst(index=(0,), expected=2.0, actual=1.0, bound=bound)
    text = html.render(run_of(wrong(worst=worst, ratio=0.5)))
    assert f"<dd>0.5 <small>{said}</small></dd>" in text


def test_text_that_names_no_case_is_said_to_be_none(run_of, wrong) -> None:
    assert "This text names no case." in html.render(run_of(wrong(case="conv9d:?")))


def test_an_empty_run_renders(run_of) -> None:
    assert "Nothing was checked." in html.render(run_of())


def test_a_run_with_only_a_header_renders(run_of) -> None:
    run = run_of(end=None, checks=12, variants=(Loaded(name="torch"),))
    run.variants.clear()
    text = html.render(run)
    assert "torch could not be run." in text
    assert "The run ended after 0 of 12 checks." in text


def test_the_report_of_the_same_run_is_the_same(large_run) -> None:
    assert html.render(large_run) == html.render(large_run)


def test_a_report_is_written_whole(tmp_path, run_of, outcome) -> None:
    path = tmp_path / "new" / "report.html"
    html.write(run_of(outcome()), path)
    assert path.read_text("utf-8") == html.render(run_of(outcome()))
    assert [found.name for found in path.parent.iterdir()] == ["report.html"]


def test_a_report_that_fails_leaves_the_old_one(tmp_path, monkeypatch, run_of, outcome) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_self, _target) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space left"):
        html.write(run_of(outcome()), path)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]


def test_twenty_thousand_checks_stay_a_small_page(run_of, outcome) -> None:
    run = run_of(*(outcome(case=f"conv1d:i{n}_k3", ratio=0.25, ulp=1.5) for n in range(3, 20_003)))
    assert len(html.render(run)) < 5_000_000


def test_many_groups_of_findings_stay_a_page(run_of, wrong) -> None:
    run = run_of(*(wrong(method=f"way_{n}", case=f"conv1d:i{n + 9}_k3") for n in range(230)))
    text = html.render(run)
    assert text.count('<details class="card') == html.MOST
    assert "30 more groups in the list of checks" in text
    assert "All 230 groups of findings" in text
