"""The page of known divergences is that of the ledger."""

from pathlib import Path

from convergent.harness import ledger
from convergent.reports import findings

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_the_docs_is_current() -> None:
    assert (DOCS / "findings.md").read_text(encoding="utf-8") == findings.page(ledger.load())
