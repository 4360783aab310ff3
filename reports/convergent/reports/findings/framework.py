"""The page of one framework: a section for each finding, with its script."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from convergent.backends import registry
from convergent.cases.errors import UnknownBackend
from convergent.cases.text import parse
from convergent.cases.words import in_words
from convergent.harness import diagnose
from convergent.harness.known.log import SCRIPTS, Record
from convergent.reports.findings.item import Item, ordered
from convergent.reports.findings.wording import issue, standing
from convergent.reports.formats.escape import fenced, words
from convergent.reports.wording import many, short

_HEAD = """# {backend}: confirmed divergences

One section each, as [the overview](index.md) lists them. A script needs the framework and NumPy.
"""
_KINDS = {"notyet": "theirs, not fixed yet", "notimpl": "ours", "never": "by definition"}
_FIXED = "theirs, fixed"


def page(items: Sequence[Item]) -> str:
    """Return the page of the findings of one framework as Markdown."""
    reasons = Counter(item.entry.reason for item in items)
    parts = [_HEAD.format(backend=items[0].backend)]
    for item in items:
        title = words(item.entry.reason)
        if reasons[item.entry.reason] > 1:
            title += f" ({item.entry.shown_in}, {item.entry.example.rpartition('/')[0]})"
        parts.append("\n".join([f'<a id="{item.slug}"></a>\n', f"## {title}\n", *_section(item)]))
    return "\n".join(parts)


def _section(item: Item) -> Iterator[str]:
    entry, record = item.entry, item.record
    op, method, line = entry.example.split("/")
    yield f"- **{standing(record)}**{_seen(record)}"
    yield from _elsewhere(item)
    yield (
        f"- verdict: {' or '.join(entry.verdicts)} "
        f"({_FIXED if item.fixed_in else _KINDS[entry.kind]}); versions "
        + (f"`{entry.versions}`" if entry.versions else "all")
        + ("" if entry.strict else ", on processors whose kernels do so")
    )
    yield f"- methods: {_codes(entry.checks)}; given {_given(item)}"
    yield f"- smallest case: {words(in_words(parse(line)))}"
    if record and record.diagnosis:
        yield f"- diagnosis: {_diagnosis(record.diagnosis)}"
    yield f"- discussed: {issue(entry.issue)}"
    if item.met:
        ratio = f", worst error ratio {short(item.met.ratio)}" if item.met.ratio else ""
        yield (
            f"- in run files: {many(item.met.checks, 'check')} of {item.met.of:,} of "
            f"{item.backend}, {words(f'{item.met.first} to {item.met.last}')}{ratio}"
        )
    yield ""
    if record and (record.said or record.found):
        yield fenced(record.said or record.found, "text") + "\n"
    variant = record.variant if record else entry.shown_in
    yield fenced(shlex.join(["convergent", "repro", variant, f"{op}/{method}", line])) + "\n"
    if record and record.standing == "confirmed":
        yield _script(item.slug)


def _seen(record: Record | None) -> str:
    if record is None or not record.version:
        return ""
    said = [
        f"{_plain(record.variant)} {record.version}",
        f"NumPy {record.numpy}",
        f"Python {record.python}",
        record.processor,
        *(f"{name}={value}" for name, value in record.variables.items()),
    ]
    return " with " + ", ".join(words(part) for part in said)


def _plain(variant: str) -> str:
    try:
        return registry.plain(variant)
    except UnknownBackend:
        return variant  # the log may come from anywhere


def _elsewhere(item: Item) -> Iterator[str]:
    if item.record is None:
        return
    if item.fixed_in:
        yield f"- **fixed**: the same script passes with {words(item.fixed_in)}"
    by_end: dict[str, list[str]] = defaultdict(list)
    for version, ended in sorted(item.record.elsewhere.items(), key=lambda said: ordered(said[0])):
        by_end[ended].append(version)
    for ended, versions in by_end.items():
        yield f"- with {words(', '.join(versions))} the script {words(ended)}"


def _given(item: Item) -> str:
    said = _codes(item.entry.when) or "every case"
    return said + (f" unless {_codes(item.entry.unless)}" if item.entry.unless else "")


def _codes(found: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in found)


def _diagnosis(said: str) -> str:
    meaning = diagnose.CAUSES.get(diagnose.cause(said).removesuffix(", in part"))
    return words(said) + (f" ({words(meaning)})" if meaning else "")


def _script(slug: str) -> str:
    path = f"{SCRIPTS}/{slug}.py"
    return "\n".join(
        [
            f"[The script]({path}):\n",
            f"```{{literalinclude}} {path}",
            ":language: python",
            "```\n",
        ]
    )
