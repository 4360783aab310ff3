"""A comparison as one HTML file that needs no network and no script.

What run files say is never trusted: the template escapes all of it, and the page's policy lets
nothing run or load but its own style.
"""

from __future__ import annotations

from importlib import resources

from convergent.reports import wording
from convergent.reports.diff.clusters import Cluster
from convergent.reports.diff.page import Page, pair_of, repro
from convergent.reports.html import flatten, part, policy

MOST = 200
"""Clusters or rows of a kind that the page holds."""


def document(page: Page) -> str:
    """Return the comparison as one page."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    env = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters |= {"many": wording.many}
    own = resources.files("convergent.reports.diff")
    style = part("report.css") + own.joinpath("diff.css").read_text("utf-8")
    d = page.diff
    return env.from_string(own.joinpath("template.html.j2").read_text("utf-8")).render(
        page=page,
        d=d,
        most=MOST,
        tone="bad" if d.counts["new"] or d.lies else "good" if d.checks else "open",
        commands=lambda c: _commands(page, c),
        environments=[
            (n, flatten(s.header.environment)) for n, s in (("old", d.old), ("new", d.new))
        ],
        policy=policy(style),
        style=Markup(style),  # noqa: S704 - files of this package
    )


def _commands(page: Page, found: Cluster) -> list[str]:
    pair = pair_of(page.diff, found)
    sides = (repro(found.first.old, pair, "old"), repro(found.first.new, pair, "new"))
    return list(dict.fromkeys(sides))
