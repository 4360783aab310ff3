"""A comparison as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from convergent.reports.diff.clusters import Cluster
from convergent.reports.diff.page import Page, Section, pair_of, repro
from convergent.reports.diff.tables import Table
from convergent.reports.formats import escape
from convergent.reports.wording import many

MOST_CHARACTERS = 65_536
"""What GitHub takes as a comment."""

_MOST = (20, 10, 5, 2, 1, 0)
_LONGEST = 300


def document(page: Page) -> str:
    """Return the comparison, with as many groups and rows of each kind as have room."""
    for most in _MOST:
        text = "\n".join(_parts(page, most)) + "\n"
        if len(text) < MOST_CHARACTERS:
            return text
    return text[: MOST_CHARACTERS - 100].rpartition("\n")[0] + "\n\n... and more.\n"


def _parts(page: Page, most: int) -> Iterator[str]:
    yield f"### {_safe(page.headline)}"
    yield ""
    for line in page.loud:
        yield f"> **{_safe(line)}**"
        yield ""
    if page.warnings:
        yield from (f"- {_safe(line)}" for line in page.warnings[: max(most, 3)])
        if len(page.warnings) > max(most, 3):
            yield f"- ... and {len(page.warnings) - max(most, 3)} more"
        yield ""
    for section in page.sections:
        yield from _section(page, section, most)
    for table in page.tables:
        yield from _folded(table, most)
    yield from _loaded(page, most)


def _section(page: Page, section: Section, most: int) -> Iterator[str]:
    yield f"#### {_safe(section.title)} ({many(section.checks, 'check')})"
    yield ""
    for found in section.clusters[:most]:
        yield from _cluster(page, found)
    if len(section.clusters) > most:
        yield f"... and {many(len(section.clusters) - most, 'more group')}"
    yield ""


def _cluster(page: Page, found: Cluster) -> Iterator[str]:
    name = found.old if found.old == found.new else f"{found.old} -> {found.new}"
    count = many(len(found.changes), "check")
    yield (
        f"- **{_safe(name)}** {_code(found.key)}: {_safe(found.before)} -> "
        f"{_safe(found.after)}, {count}. {_safe(_cut(found.sentence))}"
    )
    if found.also:
        yield f"  The same by {', '.join(map(_code, found.also[:10]))}."
    pair = pair_of(page.diff, found)
    commands = (repro(found.first.old, pair, "old"), repro(found.first.new, pair, "new"))
    yield from (f"  <br>{_code(command)}" for command in dict.fromkeys(commands))
    confirmed = page.confirmed.get(found.first.new.id)
    if confirmed:
        word = {True: "Confirmed", False: "**Not confirmed**", None: "Not tried"}[confirmed.holds]
        yield f"  <br>{word}: {_safe(_cut(confirmed.said))}"


def _folded(table: Table, most: int) -> Iterator[str]:
    yield f"<details><summary>{_safe(table.title)} ({many(len(table.rows), 'row')})</summary>"
    yield ""
    if table.rows and most:
        yield from _table(table.heads, table.rows[: 2 * most])
    if len(table.rows) > 2 * most:
        yield f"\n... and {many(len(table.rows) - 2 * most, 'more row')}"
    yield from (f"\n{_safe(note)}" for note in table.notes[:10])
    yield "\n</details>\n"


def _loaded(page: Page, most: int) -> Iterator[str]:
    yield "<details><summary>What was loaded</summary>\n"
    rows = [
        (side, name, ", ".join(f"{k} {v}" for k, v in loaded.items()) or "did not load")
        for pair in page.diff.pairs[: 2 * most]
        for side, name, loaded in (
            ("old", pair.old, pair.identity.old),
            ("new", pair.new, pair.identity.new),
        )
    ]
    yield from _table(("side", "variant", "loaded"), rows)
    yield "\n</details>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (heads, ["---"] * len(heads)):
        yield f"| {' | '.join(cells)} |"
    for row in rows:
        yield f"| {' | '.join(_safe(_cut(cell)) for cell in row)} |"


def _safe(text: str) -> str:
    return escape.words(text).replace("-&gt;", "→")


def _code(text: str) -> str:
    return f"<code>{_safe(text)}</code>"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
