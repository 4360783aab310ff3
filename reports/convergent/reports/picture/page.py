"""A case as one HTML page that needs no network and no other file: ``explain --html``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from markupsafe import Markup

from convergent.cases import words
from convergent.cases.case import Case
from convergent.harness import aside
from convergent.reports.html import policy
from convergent.reports.picture.figure import figure, operands
from convergent.reports.picture.plans import Operands
from convergent.reports.picture.svg import tag
from convergent.reports.picture.view import WORDS
from convergent.reports.picture.window import MAPS

_TITLES = {
    "conv": "conv: y = B(x, w)",
    "backprop_input": "backprop_input: d_x, the transposed convolution of d_y",
    "backprop_filter": "backprop_filter: d_w",
}
_MATRIX = (
    "One row per place of y, one column per place of x: a fully connected layer whose weights are "
    "shared. A colour is a tap of the filter."
)
_TRANSPOSED = (
    "The transpose has rows and columns exchanged and takes d_y to d_x. This is all that "
    "“transposed” means; it is no inverse."
)
_HINT = (
    "Point at a result, or go there by Tab and the arrow keys: what it reads lights up in the "
    "colours of the filter, its sum is written out, and its row of the matrix is framed."
)
_GROUPS = "Each output channel sees the input channels of its own group."


def write(case: Case, path: Path) -> None:
    """Write the page of ``case`` to ``path``, whole or not at all.

    Raises ``InvalidCase`` for a case that does not fit into memory.
    """
    aside.write(path, render(case).encode())


def render(case: Case) -> str:
    """Return the page of ``case``."""
    given = operands(case)
    style, script = part("page.css") + part("picture.css"), part("picture.js")
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        _meta("viewport", "width=device-width, initial-scale=1"),
        Markup('<meta http-equiv="Content-Security-Policy" content="{}">').format(
            policy(style, script)
        ),
        tag("title", str(case)),
        Markup(f"<style>{style}</style>"),  # noqa: S704 - a file of this package
    )
    main = tag("main", *_header(case, given), tag("div", *_cards(case, given), class_="cards"))
    body = tag("body", main, Markup(f"<script>{script}</script>"))  # noqa: S704 - as above
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def part(name: str) -> str:
    """Return a file of this package."""
    return resources.files("convergent.reports.picture").joinpath(name).read_text("utf-8")


def _header(case: Case, given: Operands) -> list[Markup]:
    return [
        tag("h1", str(case)),
        tag("p", words.in_words(case), class_="lead"),
        tag("p", _HINT, class_="lead"),
        figure(case, "key", given),
    ]


def _cards(case: Case, given: Operands) -> list[Markup]:
    found = [_card(_TITLES[op], WORDS[op], figure(case, op, given)) for op in MAPS]
    both = tag("div", *(figure(case, n, given) for n in ("matrix", "transposed")), class_="both")
    found.append(_card("The matrix and its transpose", f"{_MATRIX} {_TRANSPOSED}", both))
    if max(case.in_channels, case.out_channels) > 1:
        title = f"{case.groups} groups" if case.groups > 1 else "Channels"
        found.append(_card(title, _GROUPS, figure(case, "channels", given)))
    return found


def _card(title: str, said: str, drawn: Markup) -> Markup:
    return tag("section", tag("h2", title), tag("p", said, class_="words"), drawn)


def _meta(name: str, content: str) -> Markup:
    return Markup('<meta name="{}" content="{}">').format(name, content)
