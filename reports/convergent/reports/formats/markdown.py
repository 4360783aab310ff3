"""A run as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from convergent.reports.formats.escape import code, cut, fenced, words
from convergent.reports.formats.page import Page
from convergent.reports.groups import Group, alike
from convergent.reports.html import flatten
from convergent.reports.tally import Tally
from convergent.reports.wording import SYMBOLS, counted, headline, many, short, word

MOST_BYTES = 65_536
"""What GitHub takes as a comment, counted in bytes to be on the safe side."""

_ENDING = 200  # bytes kept free for saying what was left out
_LONGEST = 1_000  # characters of a sentence
_HEADS = ("variant", "op", "agrees", "findings", "known", "n/a", "worst ratio")


def render(page: Page, most: int = MOST_BYTES - 1) -> Iterator[str]:
    """Yield the answer, the table and the findings in at most ``most`` bytes.

    What does not fit is left out at the end of a line or of a finding, and said so.
    """
    s = page.summary
    tone = {"clean": "✅", "known": "✅", "findings": "❌"}.get(page.word, "⚠️")
    head = f"### {tone} Convergent: {words(headline(s))}\n\n"
    if s.findings:
        head += f"{words(counted(s.total.findings))}.\n\n"
    room = most - _size(head) - _ENDING
    if room < 0:
        return
    yield head
    table = [*_within(_table(page), room // 2, "row"), "\n"]
    yield from table
    room -= sum(map(_size, table))
    yield from _within(_details(page), room, "item")


def _within(parts: Iterable[str], room: int, noun: str) -> Iterator[str]:
    """Yield the parts that have room, and how many have none: one that is too long hides none."""
    left = 0
    for part in parts:
        size = _size(part)
        if size > room:
            left += 1
            continue
        room -= size
        yield part
    if left:
        yield f"\n... and {many(left, f'more {noun}')}, for which there is no room here.\n"


def _table(page: Page) -> Iterator[str]:
    s = page.summary
    if not s.ops:
        return
    yield _row(_HEADS) + _row(["---", "---", *["---:"] * (len(_HEADS) - 2)])
    for variant in s.variants:
        for op in s.methods:
            if (variant, op) in s.ops:
                yield _row([code(variant), words(op), *_counts(s.ops[variant, op])])


def _counts(tally: Tally) -> list[str]:
    return [
        f"{tally.agrees:,}/{tally.checked:,}" if tally.checked else "",
        words(counted(tally.findings)),
        f"{tally.known:,}" if tally.known else "",
        f"{tally.unsupported:,}" if tally.unsupported else "",
        short(tally.ratio),
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _details(page: Page) -> Iterator[str]:
    s = page.summary
    for joined in alike(s.findings):
        yield _finding(joined)
    for absent in s.missing:
        remedy = f"\n{fenced(absent.remedy)}\n" if absent.remedy else ""
        yield f"{code(absent.variant)} could not be run: {words(absent.error)}\n{remedy}\n"
    for line in s.stale:
        yield f"- {words(line)}\n"
    for name, variant in page.run.variants.items():
        loaded = ", ".join(f"{k} {v}" for k, v in flatten(variant.loaded).items())
        if loaded:
            yield f"\n- {code(name)}: {words(cut(loaded, _LONGEST))}\n"


def _finding(joined: tuple[Group, ...]) -> str:
    found, *others = joined
    title = f"{SYMBOLS.get(found.verdict, '')} {word(found.verdict)}"
    said = f"**{words(title)}** {code(f'{found.variant} {found.key}')}"
    if len(found.outcomes) > 1:
        said += f" and {many(len(found.outcomes) - 1, 'more case')}"
    said += f"\n<br>{words(cut(found.first.sentence, _LONGEST))}\n"
    if others:
        said += f"<br>The same by {', '.join(code(g.method) for g in others[:10])}.\n"
    return f"{said}\n{fenced(found.first.repro)}\n\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
