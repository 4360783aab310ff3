"""The page of documented bugs is that of the suite."""

from pathlib import Path

from convergent.cases import suites
from convergent.reports import regression

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_the_docs_is_current() -> None:
    made = regression.page(suites.documented("regression"))
    assert (DOCS / "regression.md").read_text(encoding="utf-8") == made


def test_the_page_tells_of_every_bug_once() -> None:
    bugs = suites.documented("regression")
    made = regression.page(bugs)
    assert all(made.count(f"| `{bug.case}` |") == 1 for bug in bugs)
    assert all(bug.remark in made for bug in bugs)
