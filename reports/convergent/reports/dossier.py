"""What a finding opens with beside its figures: heat maps, a script, the public issue."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from convergent.cases.errors import ConvergentError, InvalidCase
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness.outcome import Outcome
from convergent.harness.record import Run
from convergent.harness.referee import Referee
from convergent.harness.script import write
from convergent.reports.groups import Group
from convergent.reports.heat import heat

MOST = 20
"""Findings that are given heat maps and a script, the worst first."""
TRIED = 20
"""Outcomes of a group that are asked for an array; not each was kept."""
SECONDS = 6.0
"""No script is begun after so long, and no picture after twice as long."""
LARGEST_SCRIPT = 1_000_000
"""Multiplications of a case whose script is written here; of others ``repro --script`` does it."""
_ISSUE = re.compile(r"\((https://[a-z0-9.-]+/[\w./#?=&%~-]+)\)$")
"""How a reason of the ledger ends; the link shows the whole address."""
_FAULTS = (ConvergentError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@record
class Dossier:
    """``heat`` is the picture of ``drawn``; ``unwritten`` says why there is no ``script``."""

    heat: dict[str, Any] | None = None
    drawn: Outcome | None = None
    script: str = ""
    unwritten: str = ""
    issue: str = ""


def dossiers(run: Run, findings: Iterable[tuple[Group, ...]]) -> list[Dossier]:
    """Return a dossier for each of ``findings``, in their order; nothing here ever raises."""
    referee, folder, start = Referee(), Path(run.path).parent, time.monotonic()
    found = []
    for number, (group, *_) in enumerate(findings):
        spent = time.monotonic() - start
        drawn, picture = None, None
        if number < MOST and spent < 2 * SECONDS:
            drawn, picture = _pictured(group, folder, referee)
        text, why = "", "Scripts of the first findings are written here; this one is asked for by"
        if number < MOST and spent < SECONDS:
            text, why = _script(group.first, run, referee)
        issue = _ISSUE.search(group.known)
        found.append(
            Dossier(
                heat=picture,
                drawn=drawn,
                script=text,
                unwritten=why,
                issue=issue[1] if issue else "",
            )
        )
    return found


def heats(found: Mapping[str, Dossier]) -> dict[str, dict[str, Any]]:
    """Return the pictures by the id of their card."""
    return {card: d.heat for card, d in found.items() if d.heat is not None}


def _pictured(
    group: Group, folder: Path, referee: Referee
) -> tuple[Outcome | None, dict[str, Any] | None]:
    for o in group.outcomes[:TRIED]:
        picture = heat(o, folder, referee)
        if picture is not None:
            return o, picture
    return None, None


def _script(o: Outcome, run: Run, referee: Referee) -> tuple[str, str]:
    """Return the script of ``o``, or an empty text and why there is none."""
    try:
        if parse(o.case).macs > LARGEST_SCRIPT:
            return "", "The case is large; its script is written by"
    except InvalidCase:
        return "", "This text names no case: there is nothing to write a script of."
    known = run.variants.get(o.variant)
    try:
        return write.script(o, referee=referee, loaded=known.loaded if known else None), ""
    except ConvergentError as error:
        return "", f"No script: {error}."
    except _FAULTS as error:
        return "", f"No script could be written ({type(error).__name__})."
