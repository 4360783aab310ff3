"""Findings of a fuzz: each once, with its smallest case and how often it was seen.

Two wrong outcomes are one finding if they are of the same kind (variant, method, verdict, question,
model, diagnosis, message) and shrink to cases of the same features. What all cases of a finding
have in common is learnt: a further one that has it too is booked without being shrunk, except now
and then (the 8th, the 64th, ...), lest it hide another.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase, RunFileDamaged
from convergent.cases.features import features
from convergent.cases.text import parse
from convergent.harness.outcome import Outcome, Verdict

FINDINGS_FILE = "findings.jsonl"
_MOST_OF_A_KIND = 6  # what comes after is booked on the one that has most in common with it
_AGAIN = 8  # powers of it are looked at again
_LONGEST_SAID = 60


class Kind(NamedTuple):
    """In what two outcomes of one finding agree whatever their cases are."""

    variant: str
    key: str
    verdict: str
    question: str
    model: str
    diagnosis: str
    said: str


class Finding(msgspec.Struct, kw_only=True):
    """One thing that is wrong: its smallest known case and all that a person needs to act on it.

    ``common`` are the features that all its cases share, ``features`` those of the smallest.
    ``state`` tells how far it was looked into: ``shrunk``, ``unsteady`` (another outcome when it
    was asked again, alone) or ``waiting`` (the time was over).
    """

    variant: str
    key: str
    case: str
    verdict: Verdict
    state: str
    sentence: str
    found_in: str
    when: str  # ISO 8601, UTC
    seen: int = 0
    question: str = ""
    model: str = ""
    diagnosis: str = ""
    said: str = ""
    features: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    evaluations: int = 0
    complete: bool = True

    @property
    def kind(self) -> Kind:
        """What further outcomes are compared with."""
        return Kind(
            self.variant, self.key, self.verdict, self.question,
            self.model, self.diagnosis, self.said,
        )  # fmt: skip

    @property
    def repro(self) -> str:
        """The command that shows it."""
        return shlex.join(["convergent", "repro", self.variant, self.key, self.case])


def kind(outcome: Outcome) -> Kind:
    """Return the kind of ``outcome``."""
    return Kind(
        outcome.variant, outcome.key, outcome.verdict, outcome.question,
        outcome.model, str(getattr(outcome, "diagnosis", "")), _said(outcome),
    )  # fmt: skip


def is_hit(outcome: Outcome) -> bool:
    """Say whether ``outcome`` is worth a look: data that could show nothing are not."""
    return outcome.is_finding and outcome.verdict != "mistrusted"


def finding(hit: Outcome, least: Outcome, state: str, when: str) -> Finding:
    """Return the finding that ``hit`` is, of which ``least`` is the smallest outcome."""
    found = kind(least)
    traits = features(parse(least.case))
    return Finding(
        **found._asdict() | {"verdict": least.verdict},
        case=least.case,
        state=state,
        sentence=least.sentence,
        found_in=hit.case,
        when=when,
        features=tuple(sorted(traits)),
        common=tuple(sorted(traits & features(parse(hit.case)))),
    )


class Findings:
    """All findings so far, in the order of their coming; not safe for threads."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self.all: list[Finding] = []
        self._by_kind: defaultdict[Kind, list[Finding]] = defaultdict(list)
        for one in found:
            self.add(one)

    def match(self, outcome: Outcome) -> Finding | None:
        """Return the finding that ``outcome`` shows, as far as one can tell without a look."""
        alike = self._by_kind.get(kind(outcome), [])
        if not alike:
            return None
        has = features(parse(outcome.case))
        for one in alike:
            if one.case == outcome.case or (one.common and has.issuperset(one.common)):
                return one
        shrunk = [one for one in alike if not one.common]
        if shrunk or len(alike) >= _MOST_OF_A_KIND:
            return max(shrunk or alike, key=lambda one: len(has.intersection(one.common)))
        return None

    def book(self, outcome: Outcome, *, look: bool = True) -> bool:
        """Count ``outcome`` and say whether it needs a look: nothing like it, or a sample."""
        found = self.match(outcome)
        if found is None:
            return True
        found.seen += 1
        return look and found.state == "shrunk" and _is_power(found.seen, _AGAIN)

    def add(self, found: Finding) -> Finding:
        """Take a finding in, or see that it is one already known; return the one that stays."""
        for one in self._by_kind[found.kind]:
            if one.case == found.case or one.features == found.features:
                one.common = tuple(sorted(set(one.common) & set(found.common)))
                return one
        self._by_kind[found.kind].append(found)
        self.all.append(found)
        return found

    def like(self, hit: Outcome, most: int = 3) -> list[Finding]:
        """Return shrunk findings of other ways that ``hit`` may be the same as, nearest first."""
        has = features(parse(hit.case))
        op = hit.op
        found = {
            one.case: one
            for one in self.all
            if one.state == "shrunk" and one.verdict == hit.verdict
            and has.issuperset(one.common)
        }  # fmt: skip
        near = sorted(found.values(), key=lambda one: (one.key.partition("/")[0] != op, -one.seen))
        return near[:most]


def read(path: Path) -> list[Finding]:
    """Read what an earlier sitting found, each looked into; counts start anew.

    Raises ``RunFileDamaged`` with the line at fault.
    """
    if not path.exists():
        return []
    decoder = msgspec.json.Decoder(Finding, strict=True)
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            one = decoder.decode(line)
            parse(one.case)
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidCase) as error:
            raise RunFileDamaged(
                f"{path}, line {number} is no finding: {error}; remove that file, and --resume "
                "looks into every finding again"
            ) from error
        one.seen = 0
        if one.state != "waiting":
            found.append(one)
    return found


def write(found: Iterable[Finding], path: Path) -> None:
    """Write all findings, a line each, whole or not at all."""
    content = b"".join(msgspec.json.encode(one) + b"\n" for one in found)
    replace(path, content)


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of a file, whole or not at all."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def essential(case: Case) -> frozenset[str]:
    """Return the features of ``case``."""
    return features(case)


def _said(outcome: Outcome) -> str:
    """Return the message of an outcome without its figures; values are not part of a kind."""
    if outcome.verdict not in ("raised", "crashed"):
        return ""
    text = re.sub(r"[\s\[\](),x]*\d[\d\s\[\](),x.]*", "#", outcome.detail)
    return text.encode("utf-8", "replace").decode()[:_LONGEST_SAID]


def _is_power(count: int, base: int) -> bool:
    while count > 1 and count % base == 0:
        count //= base
    return count == 1
