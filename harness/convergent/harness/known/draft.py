"""An entry for a check that diverges, and its text."""

from __future__ import annotations

import glob
import json
from typing import Literal

import msgspec
from packaging.version import InvalidVersion, Version

from convergent.backends import registry
from convergent.cases.errors import InvalidLedger
from convergent.cases.record import record
from convergent.harness import ledger, relations
from convergent.harness.ledger import Entry
from convergent.harness.outcome import PASSING, Outcome

_ORDER = (
    "variant", "versions", "checks", "when", "unless", "cases", "verdicts", "models", "example",
    "kind", "reason", "issue", "strict",
)  # fmt: skip


@record
class Wanted:
    """What a person says of a divergence; what is not said covers the example's check alone."""

    reason: str
    issue: str
    kind: Literal["notyet", "notimpl", "never"] = "notyet"
    versions: str | None = None
    checks: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    cases: str = ""
    strict: bool = True


def draft(outcome: Outcome, version: str, wanted: Wanted) -> Entry:
    """Return the entry that excuses ``outcome`` of ``version`` as ``wanted`` says.

    Raises ``InvalidLedger`` where there is nothing to excuse, and for what no entry can say.
    """
    if outcome.verdict in PASSING:
        raise InvalidLedger(
            f"{outcome.id} does not diverge, so there is nothing to know: "
            f"its verdict is {outcome.verdict}"
        )
    if relations.split(outcome.key)[1]:
        raise InvalidLedger(
            f"{outcome.key} is a relation, which the entry of a check that it calls excuses; "
            f"look at {relations.split(outcome.key)[0]}"
        )
    widened = wanted.when or wanted.unless
    entry = Entry(
        variant=registry.plain(outcome.variant),
        versions=around(version) if wanted.versions is None else wanted.versions,
        checks=wanted.checks or (glob.escape(outcome.key),),
        when=wanted.when,
        unless=wanted.unless,
        cases=wanted.cases or ("*" if widened else glob.escape(outcome.case)),
        verdicts=(outcome.verdict,),
        models=(outcome.model,) if outcome.verdict == "degraded" else (),
        example=f"{outcome.key}/{outcome.case}",
        kind=wanted.kind,
        reason=_line("reason", wanted.reason),
        issue=_line("issue", wanted.issue),
        strict=wanted.strict,
    )
    for _, said in ledger.faults(entry):
        raise InvalidLedger(said)
    if not entry.speaks_of(version):
        raise InvalidLedger(
            f"versions {entry.versions!r} do not contain {version}, which diverges; see --versions"
        )
    if not (entry.covers(outcome, version) and entry.allows(outcome)):
        raise InvalidLedger(
            f"the entry would not excuse {outcome.id}; see --when, --unless, --cases and --checks"
        )
    return entry


def text(entry: Entry) -> str:
    """Return an entry as TOML; what has its default is left out."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Entry)}
    fields = {name: getattr(entry, name) for name in _ORDER}
    said = [
        f"{name} = {_value(value)}\n" for name, value in fields.items() if value != defaults[name]
    ]
    return "[[known]]\n" + "".join(said)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    # JSON's escapes are TOML's, which wants one more
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def around(version: str) -> str:
    """Return the range of versions that differ in their third number alone."""
    try:
        known = Version(version)
    except InvalidVersion as error:
        raise InvalidLedger(
            f"{version!r} is no version that ranges are made of; say --versions ''"
        ) from error
    epoch = f"{known.epoch}!" if known.epoch else ""
    return f"=={epoch}{'.'.join(map(str, known.release[:2]))}.*"


def _line(name: str, said: str) -> str:
    if not said.strip():
        raise InvalidLedger(f"the {name} is empty; say it with --{name}")
    if not said.isprintable():
        raise InvalidLedger(f"the {name} is one line of printable text, not {said!r}")
    return said
