"""The overview of the hunting log: counts, and a row for each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from convergent.reports.findings.item import GROUPS, Item
from convergent.reports.findings.met import Meetings
from convergent.reports.findings.wording import issue
from convergent.reports.formats.escape import words
from convergent.reports.wording import many

_HEAD = """# Findings

Every divergence that was confirmed, in current versions and in those of the past, each with the
smallest check that shows it and a [stand-alone script](../scripts.md). The
[ledger](../known.md) is the list; on the day that is named each script was run in a clean process:

```sh
convergent known confirm -o docs/findings           # runs the scripts: confirmed.json
python -m convergent.reports.findings docs/findings # makes these pages of it
```
"""
_NOTE = """*Confirmed* is the day, and the version that the script failed with, for the reason that
the check does. *By repro* means that no script can be written and the check itself was run.
"""
_COLUMNS = ("framework", "what", "op/methods", "versions", "verdict", "issue", "confirmed")


def page(items: Sequence[Item], met: Meetings) -> str:
    """Return the overview of all findings as Markdown."""
    parts = [_HEAD, _counts(items), _met(met), _NOTE]
    for group, meaning in GROUPS.items():
        chosen = [item for item in items if item.group == group]
        if chosen:
            parts += [f"## {group}\n\n{meaning}\n", _table(chosen)]
    names = dict.fromkeys(item.backend for item in items)
    parts.append("\n".join(["```{toctree}", ":hidden:\n", *names, "```\n"]))
    return "\n".join(part for part in parts if part)


def _counts(items: Sequence[Item]) -> str:
    stands = Counter(item.record.standing if item.record else "not asked yet" for item in items)
    said = ", ".join(f"{count} {word}" for word, count in stands.most_common())
    days = sorted({item.record.date for item in items if item.record})
    when = f" ({words(' to '.join(dict.fromkeys([days[0], days[-1]])))})" if days else ""
    lines = [f"{many(len(items), 'finding')}: {said}{when}.\n", _row(["framework", *GROUPS, "all"])]
    lines.append(_row(["---", *["---:"] * (len(GROUPS) + 1)]))
    names = list(dict.fromkeys(item.backend for item in items))
    for name in [*names, ""]:
        chosen = [item for item in items if name in ("", item.backend)]
        groups = Counter(item.group for item in chosen)
        head = f"[{name}]({name}.md)" if name else "all"
        lines.append(_row([head, *(str(groups[group]) for group in GROUPS), str(len(chosen))]))
    return "\n".join([*lines, ""])


def _met(met: Meetings) -> str:
    if not met.runs:
        return ""
    return (
        f"How often each was met is counted in {many(met.runs, 'run file')} "
        f"({many(met.checks, 'check')}).\n"
    )


def _table(items: Sequence[Item]) -> str:
    rows = [_row(_COLUMNS), _row(["---"] * len(_COLUMNS))]
    rows += [_row(_cells(item)) for item in items]
    return "\n".join([*rows, ""])


def _cells(item: Item) -> Iterator[str]:
    entry = item.entry
    yield item.backend
    yield f"[{words(entry.reason)}]({item.backend}.md#{item.slug})"
    yield ", ".join(f"`{pattern}`" for pattern in entry.checks)
    yield f"`{entry.versions}`" if entry.versions else "all"
    yield " or ".join(entry.verdicts)
    yield issue(entry.issue)
    yield _confirmed(item)


def _confirmed(item: Item) -> str:
    record = item.record
    if record is None:
        return "not asked yet"
    if not record.is_confirmed:
        return words(f"{record.standing}, {record.date}")
    said = f"{record.date}, {record.version}"
    if record.standing == "confirmed by repro":
        said += ", by repro"
    return words(said + (f"; fixed in {item.fixed_in}" if item.fixed_in else ""))


def _row(cells: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"
