"""Sphinx: the pages of this folder as a site, with pictures that the project draws itself."""

from __future__ import annotations

import functools
import re
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / part) for part in ("cases", "backends", "harness", "reports")]

project = "Convergent"
author = "the Convergent authors"
copyright = author  # noqa: A001 - Sphinx's name for it
release = version = installed("convergent")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 4

smartquotes_action = "q"  # two dashes begin an option

html_theme = "furo"
html_title = "Convergent"
html_show_sphinx = html_show_copyright = False
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}
html_static_path = [
    "_static/docs.css",
    "../reports/convergent/reports/picture/picture.css",
    "../reports/convergent/reports/picture/picture.js",
]
html_css_files = ["picture.css", "docs.css"]
html_js_files = [("picture.js", {"defer": "defer"})]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
# Without intersphinx nothing outside the project has a page; of aliases autodoc makes no entry.
nitpick_ignore_regex = [
    ("py:.*", r"(?!convergent\.).*"),
    ("py:.*", r"convergent\.(cases\.dtypes\.(Array|Float64)|harness\.ledger\.Ledger|.*\._[A-Z])"),
]


class Picture(SphinxDirective):
    """``picture CASE``: drawings of a case, made when the site is built.

    ``show`` names them, in order: conv, backprop_input, backprop_filter, matrix, transposed,
    channels, key.
    """

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"show": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the drawings as HTML, which no other builder shows."""
        from convergent.cases.errors import InvalidCase
        from convergent.cases.text import parse
        from convergent.reports.picture.figure import DRAWINGS, figure, operands

        names = self.options.get("show", "conv").split()
        if unknown := set(names) - set(DRAWINGS):
            raise self.error(f"there is no drawing {', '.join(sorted(unknown))}")
        try:
            case = parse(self.arguments[0])
            given = operands(case)
        except InvalidCase as error:
            raise self.error(str(error)) from error
        drawn = "".join(figure(case, name, given) for name in names)
        body = f'<div class="pictures"><code class="case">{case}</code>{drawn}</div>'
        return [nodes.raw("", body, format="html")]


def link_anchors(_app: Any, name: str, source: list[str]) -> None:
    """Turn links to an ``<a id=...>`` of this or a neighbouring page into HTML.

    MyST does not know such anchors.
    """
    here = (Path(__file__).parent / name).parent

    @functools.cache
    def anchors(page: str) -> set[str]:
        beside = here / f"{page}.md"
        text = source[0] if not page else beside.read_text("utf-8") if beside.is_file() else ""
        return set(re.findall(r'<a id="([^"]+)">', text))

    def linked(found: re.Match[str]) -> str:
        said, page, anchor = found.groups("")
        if anchor not in anchors(page):
            return found[0]
        return f'<a href="{page}{".html" if page else ""}#{anchor}">{said}</a>'

    source[0] = re.sub(r"\[([^\]\n]+)\]\((?:([\w-]+)\.md)?#([^)\s]+)\)", linked, source[0])


def drop_absent(_app: Any, _name: str, source: list[str]) -> None:
    """Drop the patterns of a table of contents that no page has."""
    here = Path(__file__).parent
    kept = (line for line in source[0].split("\n") if not re.fullmatch(r"[a-z]+\*", line)
            or list(here.glob(f"{line}.md")))  # fmt: skip
    source[0] = "\n".join(kept)


def setup(app: Any) -> dict[str, bool]:
    """Add the directive."""
    app.connect("source-read", link_anchors)
    app.connect("source-read", drop_absent)
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
