"""The smallest check of every new and fixed group, confirmed by both versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from convergent.harness.diff import confirm
from convergent.reports.diff.page import Page, page, pair_of, pinned

MOST = 50
"""Groups that are confirmed: each costs some starts of a framework."""


def confirmed(told: Page, folder: Path, timeout: float, say: Callable[[str], None]) -> Page:
    """Return ``told`` with what scripts showed; the scripts lie in ``folder``.

    ``say`` is told of each group in a line.
    """
    due = [c for s in told.sections if s.kind in ("new", "fixed") for c in s.clusters]
    found = {}
    for number, cluster in enumerate(due[:MOST], 1):
        pair, change = pair_of(told.diff, cluster), cluster.first
        names = (pinned(change.old.variant, pair, "old"), pinned(change.new.variant, pair, "new"))
        said = confirm.confirm(change, names, timeout)
        say(f"confirm {number}/{len(due)}: {cluster.key} {said.said}")
        if said.script:
            name = f"{number:02}-{cluster.kind}-{cluster.op}-{cluster.method}.py"
            confirm.save(said, folder, name)
        found[change.new.id] = said
    if len(due) > MOST:
        say(f"{len(due) - MOST} more groups were not confirmed")
    return page(told.diff, found)
