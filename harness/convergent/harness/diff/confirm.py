"""Is a change the framework's? The check asked again, then as a stand-alone script by both sides.

Nothing of an outcome that was read goes into a script: it is written from what the failing version
answers now.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from convergent.cases.case import Case
from convergent.cases.errors import ConvergentError
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness import aside, envs
from convergent.harness.ask import Asker
from convergent.harness.diff import Change
from convergent.harness.diff.classify import alike
from convergent.harness.outcome import PASSING, Outcome
from convergent.harness.script import attempt, fill, write


@record
class Confirmation:
    """What the script of a check showed.

    ``holds`` is None where there is no script, for the reason ``said``: then nothing was tried.
    """

    holds: bool | None
    said: str
    script: str = ""


def confirm(change: Change, names: tuple[str, str], timeout: float) -> Confirmation:
    """Run the script of ``change`` by the old and the new version.

    ``names`` are the variants that stand for the two sides, old and new. It holds if the script
    ends under the failing version as the check did, and passes under the other.
    """
    failed_now = change.new.verdict not in PASSING
    wrong, right = (change.new, change.old) if failed_now else (change.old, change.new)
    failing, passing = names[::-1] if failed_now else names
    if right.verdict != "agrees":
        return Confirmation(holds=None, said="no script: neither side agrees")
    try:
        return _confirm(wrong, parse(wrong.case), failing, passing, timeout)
    except ConvergentError as error:  # no environment, no script, or names that nobody knows
        return Confirmation(holds=None, said=f"no script: {error}")


def _confirm(
    wrong: Outcome, case: Case, failing: str, passing: str, timeout: float
) -> Confirmation:
    write.refuse(wrong.key)
    interpreters = [envs.interpreter(name) for name in (failing, passing)]
    with Asker(timeout) as ask:
        outcome = ask(failing, wrong.key, case)
        if not alike(outcome, wrong):
            now = outcome.verdict.replace("_", " ")
            return Confirmation(holds=False, said=f"asked again, {failing} {now}")
        filled = fill.matters(outcome, case, timeout)
        told = ask.loaded.get(failing)
        texts = [
            write.script(
                msgspec.structs.replace(outcome, variant=name),
                referee=ask.referee,
                loaded=told.loaded if told else {},
                filled=filled,
            )
            for name in (failing, passing)
        ]
    fails, passes = (
        attempt.attempt(text, timeout, python)
        for text, python in zip(texts, interpreters, strict=True)
    )
    return Confirmation(
        holds=fails.shows(outcome) and passes.code == 0,
        said=f"{failing} {fails.sentence}; {passing} {passes.sentence}",
        script=texts[0],
    )


def save(found: Confirmation, folder: Path, name: str) -> Path:
    """Write a confirmation's script into ``folder`` and return where it lies."""
    path = folder / re.sub(r"[^\w.-]", "-", name)
    aside.write(path, found.script.encode())
    return path
