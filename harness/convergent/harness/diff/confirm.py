"""Is a change the framework's? The check as a stand-alone script, run by both versions."""

from __future__ import annotations

from pathlib import Path

from convergent.cases.errors import BackendUnavailable, CannotWrite
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness.diff import Change
from convergent.harness.outcome import PASSING
from convergent.harness.script import attempt, fill, write


@record
class Confirmation:
    """What the script of a check showed; ``holds`` is None where there is none to be written."""

    holds: bool | None
    said: str
    script: str = ""


def confirm(change: Change, names: tuple[str, str], timeout: float) -> Confirmation:
    """Run the script of ``change`` by the old and the new version.

    ``names`` are the variants whose interpreters are asked, old and new. It holds if the script
    ends under the failing version as the check did, and passes under the other.
    """
    failed_now = change.new.verdict not in PASSING
    wrong, right = (change.new, change.old) if failed_now else (change.old, change.new)
    failing, passing = names[::-1] if failed_now else names
    if right.verdict != "agrees":
        return Confirmation(holds=None, said="no script: neither side agrees")
    try:
        text = write.script(wrong, filled=fill.matters(wrong, parse(wrong.case), timeout))
        fails = attempt.attempt(text, timeout, interpreter(failing))
        passes = attempt.attempt(text, timeout, interpreter(passing))
    except (CannotWrite, BackendUnavailable) as error:
        return Confirmation(holds=None, said=f"no script: {error}")
    holds = fails.shows(wrong) and passes.code == 0
    said = f"{failing} {fails.sentence}; {passing} {passes.sentence}"
    return Confirmation(holds=holds, said=said, script=text)


def interpreter(variant: str) -> str:
    """Return the interpreter that runs ``variant``."""
    from convergent.harness import envs

    return str(envs.interpreter(variant))


def save(found: Confirmation, folder: Path, name: str) -> Path:
    """Write a confirmation's script into ``folder`` and return where it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    write.save(found.script, path)
    return path
