"""The hunting log as pages: what is wrong, confirmed on a day by a script that anybody can run.

``python -m convergent.reports.findings docs/findings`` makes them from the ledger, from
``confirmed.json``, which ``convergent known confirm -o docs/findings`` writes beside them, and from
``met.json``, which ``--runs`` makes from run files.
"""

from __future__ import annotations

from convergent.harness.known.log import Log
from convergent.harness.ledger import Ledger
from convergent.reports.findings import framework, index
from convergent.reports.findings.item import items
from convergent.reports.findings.met import Meetings


def pages(ledger: Ledger, log: Log, met: Meetings | None = None) -> dict[str, str]:
    """Return the pages as Markdown by the names of their files: ``index.md``, ``torch.md``, ...

    The same ledger, log and meetings give the same pages.
    """
    found = items(ledger, log, met or Meetings())
    made = {"index.md": index.page(found, met or Meetings())}
    for backend in dict.fromkeys(item.backend for item in found):
        made[f"{backend}.md"] = framework.page([i for i in found if i.backend == backend])
    return made
