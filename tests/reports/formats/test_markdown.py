"""Markdown: short enough for a comment, and text that formats, links and calls nobody."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from convergent.reports.formats import markdown


def test_it_has_the_answer_the_table_and_how_to_see_it_again(text, run_of, outcome, wrong) -> None:
    said = text(run_of(outcome(), wrong(method="vjp"), wrong(method="vjp", case="x")), "markdown")
    assert said.startswith("### ❌ Convergent: 2 of 3 checks need a look.\n")
    assert "| <code>torch</code> | conv | 1/3 | 2 differ |  |  | 8.1e5 |\n" in said
    assert "```sh\nconvergent repro torch conv/vjp conv1d:i8_k3\n```" in said
    assert "and 1 more case" in said


def test_a_clean_run_says_so(text, run_of, outcome) -> None:
    assert text(run_of(outcome()), "markdown").startswith(
        "### ✅ Convergent: The one check agrees."
    )


def test_it_is_short_enough_for_a_comment(text, run_of, wrong) -> None:
    wide = [wrong(variant=f"v{n}", where="\u2603" * 2000) for n in range(1000)]
    said = text(run_of(*wide), "markdown")
    assert 60_000 < len(said.encode()) < markdown.MOST_BYTES
    assert "more rows" in said
    assert "more items" in said
    assert said.count("```") % 2 == 0


def test_one_finding_that_is_too_long_hides_no_other(text, run_of, wrong) -> None:
    run = run_of(wrong(case="x" * 100_000, ratio=9e9), wrong(method="vjp"))
    said = text(run, "markdown")
    assert "... and 1 more item" in said
    assert "convergent repro torch conv/vjp conv1d:i8_k3" in said
    assert len(said) < 3_000


def test_foreign_text_is_words(text, hostile) -> None:
    said = text(hostile, "markdown")
    tokens = [t for top in MarkdownIt("gfm-like", {"linkify": False}).parse(said)
              for t in (top, *(top.children or ()))]  # fmt: skip
    assert {t.content for t in tokens if t.type in ("html_inline", "html_block")} <= {
        "<code>", "</code>", "<br>", "<!-- -->",
    }  # fmt: skip
    assert not {"link_open", "image", "code_inline"} & {t.type for t in tokens}
    fences = [t for t in tokens if t.type == "fence"]
    assert fences
    assert all(t.content.count("\n") == 1 and t.content.startswith("convergent ") for t in fences)
    outside = re.sub(r"(`{3,}).*?\1", "", said, flags=re.DOTALL)
    assert "<script" not in outside
    assert "@everyone" not in outside
    assert "#1" not in outside
