"""The page of known divergences, made from the ledger: ``python -m ...reports.findings``."""

from __future__ import annotations

from convergent.cases.text import parse
from convergent.cases.words import in_words
from convergent.harness.ledger import Entry, Ledger, load

_HEAD = """# Findings

Divergences of current frameworks that were confirmed, each with the smallest check that shows it.
This page is made from the ledger: `python -m convergent.reports.findings > docs/findings.md`.
"""
_KINDS = {"notyet": "theirs, not fixed yet", "notimpl": "ours", "never": "by definition"}


def page(ledger: Ledger) -> str:
    """Return the page as Markdown: a section per backend, a paragraph per entry."""
    parts = [_HEAD]
    backends = dict.fromkeys(_backend(entry) for entry in ledger.entries)
    for backend in backends:
        parts.append(f"## {backend}\n")
        parts += [_entry(entry) for entry in ledger.entries if _backend(entry) == backend]
    return "\n".join(parts)


def _backend(entry: Entry) -> str:
    return entry.variant.partition(":")[0]


def _entry(entry: Entry) -> str:
    op, method, line = entry.example.split("/")
    issue = f"<{entry.issue}>" if entry.issue.startswith("https://") else entry.issue
    given = ", ".join(f"`{word}`" for word in entry.when) or "every case"
    if entry.unless:
        given += " unless " + ", ".join(f"`{word}`" for word in entry.unless)
    return "\n".join(
        [
            f"### {entry.reason}\n",
            f"- verdict: {' or '.join(entry.verdicts)} ({_KINDS[entry.kind]}), "
            f"versions `{entry.versions}`"
            + ("" if entry.strict else ", on processors whose kernels do so"),
            f"- methods: {', '.join(f'`{pattern}`' for pattern in entry.checks)}; given {given}",
            f"- example: {in_words(parse(line))}",
            f"- discussed: {issue}\n",
            f"```sh\nconvergent repro {entry.shown_in} {op}/{method} {line}\n```\n",
        ]
    )


if __name__ == "__main__":
    print(page(load()), end="")  # noqa: T201 - a script's output
