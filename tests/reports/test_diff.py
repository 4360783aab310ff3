"""A comparison as text, JSON, Markdown and HTML: complete, short enough, never broken out of."""

import json as decoder
import random
import re
from html.parser import HTMLParser

import pytest

from convergent.harness import diff
from convergent.harness.diff import side
from convergent.harness.diff.classify import KINDS
from convergent.harness.diff.confirm import Confirmation
from convergent.harness.outcome import Worst
from convergent.harness.record import Loaded
from convergent.reports.diff import html, json, markdown, page, text
from convergent.reports.diff.clusters import cluster

NASTY = "<script>alert(1)</script> | `x` **b** [l](http://e) @me #1\n# head\x1b[31m </details>"


@pytest.fixture
def of(run_of):
    def made(old, new, **fields):
        names = {o.variant for o in (*old, *new)}
        loads = [
            [Loaded(name=n, loaded={"version": v, "file": f"/{v}/{n}"}) for n in sorted(names)]
            for v in ("1.0", "2.0")
        ]
        runs = [
            run_of(*outcomes, variants=tuple(load), **fields)
            for outcomes, load in zip((old, new), loads, strict=True)
        ]
        return diff.diff(*map(side.of, runs))

    return made


@pytest.fixture
def nasty(of, outcome):
    """A comparison whose every free text wants to break out."""
    case = {"case": NASTY, "method": NASTY}
    wrong = {"verdict": "raised", "detail": f"ValueError: {NASTY}", "diagnosis": NASTY}
    old = [outcome(**case), outcome(method="b", known=NASTY, **(wrong | {"verdict": "degraded"})),
           outcome(variant=NASTY)]  # fmt: skip
    new = [outcome(**case, **wrong), outcome(method="b"), outcome(method=NASTY)]
    return page.page(of(old, new, environment={NASTY: NASTY}), {})


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_nothing_breaks_out_of_the_html(nasty):
    found = html.document(nasty)
    tags = Tags()
    tags.feed(found)
    assert "script" not in tags.seen
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert "&lt;script&gt;" in found
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in found
    assert "script-src" not in found
    assert not re.search(r"(src|href)=\"(?!#)", found)


def test_nothing_breaks_out_of_the_markdown(nasty):
    found = markdown.document(nasty)
    assert "<script" not in found
    assert found.count("<details>") == found.count("</details>")
    assert "\n# head" not in found
    assert "@me" not in found
    assert not re.search(r"(?<!\\)`", found)
    assert "](http" not in found.replace("\\]", "")
    for line in found.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in {4, 6, 7}


def test_nothing_breaks_out_of_the_text(nasty):
    found = text.text(nasty)
    assert "\x1b" not in found
    assert "\n# head" not in found
    commands = [line for line in found.splitlines() if line.startswith("    convergent repro")]
    foreign = [line for line in commands if "<script>" in line]
    assert foreign
    assert all(" '" in line.partition("<script>")[0] for line in foreign)


def test_json_holds_every_kind_and_every_change(of, outcome, wrong):
    old = [outcome(case="conv1d:i4_k2"), wrong(), outcome(method="a", digest="1", again=1.0)]
    new = [wrong(case="conv1d:i4_k2"), outcome(), outcome(method="a", digest="2", again=1.0)]
    found = decoder.loads(json.document(page.page(of(old, new)), ("new",), 1))
    assert found["schema"] == 1
    assert found["exit_code"] == 1
    assert set(found["counts"]) == set(KINDS)
    assert {change["kind"] for change in found["changes"]} == {"new", "fixed", "drifted"}
    (new_group,) = [g for g in found["groups"] if g["kind"] == "new"]
    assert new_group["repro"] == {
        "old": "convergent repro torch==1.0 conv/native conv1d:i4_k2",
        "new": "convergent repro torch==2.0 conv/native conv1d:i4_k2",
    }
    assert found["drifts"][0]["changed"] == 1
    assert found["pairs"][0]["loaded"]["new"]["file"] == "/2.0/torch"


def test_infinite_figures_are_valid_json(of, outcome, wrong):
    worst = Worst(index=(0,), expected="nan", actual="inf", bound=0.0)
    found = of([outcome()], [wrong(ratio="inf", worst=worst)])
    assert "Infinity" not in json.document(page.page(found), (), 0)
    assert "∞" in text.text(page.page(found))


def test_changes_are_one_where_all_but_the_case_is_the_same(of, outcome, wrong):
    cases = [f"conv1d:i{i}_k3" for i in (9, 5, 7)]
    old = [outcome(case=c, method=m) for c in cases for m in ("native", "also")]
    new = [wrong(case=c, method=m) for c in cases for m in ("native", "also")]
    (found,) = cluster(of(old, new).changes)
    assert found.first.new.case == "conv1d:i5_k3"
    assert found.method == "native"
    assert found.also == ("also",)
    assert len(found.changes) == 6


def test_messages_are_alike_without_their_numbers(of, outcome):
    old = [outcome(case=f"conv1d:i{i}_k3") for i in (5, 6, 7)]
    said = ["shape (5, 3) is bad", "shape (6, 3) is bad", "no kernel"]
    new = [
        outcome(case=o.case, verdict="raised", detail=f"ValueError: {s}")
        for o, s in zip(old, said, strict=True)
    ]
    assert sorted(len(c.changes) for c in cluster(of(old, new).changes)) == [1, 2]


def test_a_finding_that_is_new_is_told_with_both_commands_and_its_confirmation(of, outcome, wrong):
    found = of([outcome()], [wrong()])
    confirmed = {found.changes[0].new.id: Confirmation(holds=True, said="2.0 fails; 1.0 passes")}
    told = page.page(found, confirmed)
    assert told.headline == "torch 1.0 -> 2.0: 1 new; 1 check compared."
    for document in (text.text(told), markdown.document(told), html.document(told)):
        assert "onfirmed" in document
        assert "2.0 fails; 1.0 passes" in document
        assert "last column" in document


def test_a_comment_is_short_enough_however_much_is_new(of, outcome, wrong):
    draw = random.Random(3)
    where = [f"{draw.random()} {'x' * 250}" for _ in range(400)]
    old = [outcome(method=f"m{i}") for i in range(400)]
    new = [wrong(method=f"m{i}", where=w, detail=w) for i, w in enumerate(where)]
    found = markdown.document(page.page(of(old, new)))
    assert len(found) < markdown.MOST_CHARACTERS
    assert "more groups" in found
    assert "--format json has all" in text.text(page.page(of(old, new)))


def test_a_table_of_words_is_not_set_as_one_of_figures(of, outcome):
    told = page.page(of([outcome(), outcome(variant="jax")], [outcome()]))
    assert [(table.title, table.of_words) for table in told.tables] == [("Only in one", True)]
    assert '<table class="words-table">' in html.document(told)


def test_a_side_that_did_not_load_and_a_lone_variant_are_told(run_of, outcome):
    old = side.of(run_of(outcome(), outcome(variant="jax")))
    new = side.of(run_of(outcome(), variants=(Loaded(name="torch", error="no such file"),)))
    said = text.text(page.page(diff.diff(old, new)))
    assert "torch of the new side could not be run: no such file" in said
    assert "a side does not tell which version it loaded" in said
    assert re.search(r"jax +old +all +1 +matches no variant", said)
