"""The names that entries of a ledger have in files and links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from convergent.harness.ledger import Entry


def slugs(entries: Iterable[Entry]) -> list[str]:
    """Return a name for each entry: where its example runs, and the example.

    They stay as they are while the example does, whatever comes before them; of entries with one
    example the later ones are numbered. Lower-case letters, digits and single hyphens.
    """
    seen: Counter[str] = Counter()
    found = []
    for entry in entries:
        name = re.sub(r"[^a-z0-9]+", "-", f"{entry.shown_in}-{entry.example}".lower()).strip("-")
        seen[name] += 1
        while f"{name}-{seen[name]}" in seen:
            seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
        seen[found[-1]] = max(seen[found[-1]], 1)
    return found
