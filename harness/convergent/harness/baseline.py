"""A baseline: the findings that a team starts with, so that new ones alone fail.

A text file for version control: a header, then a line of JSON per finding, sorted. What is the
*same* finding: the variant without version and interpreter, op/method, case, and the class of the
verdict, which is the verdict, what was asked, and of a degraded result the model that explains it.

A check of the baseline that fails in another way is new. One that is merely degraded where it was
worse is not (*milder*): its elements lie within a derived bound, which they did not before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from convergent.backends import registry
from convergent.cases.errors import InvalidBaseline
from convergent.cases.record import record
from convergent.harness import aside, environment
from convergent.harness.ledger import Ledger
from convergent.harness.outcome import PASSING, Asked, Outcome, Verdict
from convergent.harness.record import Run, encoded

SCHEMA = 1
_MARK = "in the baseline "

Check = tuple[str, str, str]
"""Plain variant, op/method, case."""
Kind = tuple[str, str, str]
"""Verdict, question, and the model of a degraded one: the class of a verdict."""


class Head(msgspec.Struct, frozen=True, kw_only=True, tag="baseline", forbid_unknown_fields=True):
    """The first line; ``frameworks`` maps a variant to its version: told, and not compared."""

    schema: int = SCHEMA
    version: str  # of this tool
    frameworks: dict[str, str]


class Finding(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    order=True,
    forbid_unknown_fields=True,
):
    """A finding as it is kept; ``diagnosis`` is for people, and not compared."""

    variant: str
    check: str
    case: str
    verdict: Verdict
    question: Asked = ""
    model: str = ""
    diagnosis: str = ""

    @property
    def place(self) -> Check:
        """Which check it is of."""
        return self.variant, self.check, self.case

    @property
    def kind(self) -> Kind:
        """The class of its verdict."""
        return self.verdict, self.question, self.model if self.verdict == "degraded" else ""

    @property
    def sentence(self) -> str:
        """One line: which check, and what it came to."""
        said = "; ".join(filter(None, (self.model, self.diagnosis)))
        verdict = self.verdict.replace("_", " ")
        return f"{'/'.join(self.place)}: {verdict}" + (f" ({said})" if said else "")


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of a file, and where they were found."""

    head: Head
    findings: tuple[Finding, ...]


@record
class Comparison:
    """The findings of a run beside those of a baseline.

    ``new`` and ``milder`` are the run's, the others the baseline's: ``same``; ``changed`` (its
    check fails otherwise now); ``fixed`` (it was run and diverges no longer, or the ledger explains
    it now); ``unseen`` (it was not run).
    """

    new: tuple[Outcome, ...]
    milder: tuple[Outcome, ...]
    same: tuple[Finding, ...]
    changed: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    unseen: tuple[Finding, ...]


def bare(outcome: Outcome) -> Outcome:
    """Return ``outcome`` as it is without a baseline: the run may have been made with one."""
    if outcome.known.startswith(_MARK):
        return msgspec.structs.replace(outcome, known="")
    return outcome


def of_run(run: Run) -> Baseline:
    """Return the findings of a run, sorted."""
    found = {finding(o) for outcome in run.outcomes if (o := bare(outcome)).is_finding}
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for name, variant in run.variants.items():
        versions[registry.plain(name)].add(str(variant.loaded.get("version", "")))
    frameworks = {name: ", ".join(sorted(versions[name])) for name in sorted(versions)}
    return Baseline(
        head=Head(version=environment.version(), frameworks=frameworks),
        findings=tuple(sorted(found)),
    )


def finding(outcome: Outcome) -> Finding:
    """Return what a baseline keeps of an outcome."""
    return Finding(
        variant=registry.plain(outcome.variant),
        check=outcome.key,
        case=outcome.case,
        verdict=outcome.verdict,
        question=outcome.question,
        model=outcome.model,
        diagnosis=outcome.diagnosis,
    )


def compare(baseline: Baseline, outcomes: Iterable[Outcome]) -> Comparison:
    """Return what is new in ``outcomes``, and what became of the baseline's findings."""
    held = _Held(baseline)
    new, milder = [], []
    seen: set[Check] = set()
    diverge: defaultdict[Check, set[Kind]] = defaultdict(set)
    for outcome in map(bare, outcomes):
        found = finding(outcome)
        if outcome.verdict != "unsupported":
            seen.add(found.place)
        if not outcome.is_finding:
            continue
        diverge[found.place].add(found.kind)
        how = held.how(found)
        if how == "new":
            new.append(outcome)
        elif how == "milder":
            milder.append(outcome)
    before = [f for f in baseline.findings if f.place in diverge]
    return Comparison(
        new=tuple(new),
        milder=tuple(milder),
        same=tuple(f for f in before if f.kind in diverge[f.place]),
        changed=tuple(f for f in before if f.kind not in diverge[f.place]),
        fixed=tuple(f for f in baseline.findings if f.place in seen - diverge.keys()),
        unseen=tuple(f for f in baseline.findings if f.place not in seen),
    )


def lowered(baseline: Baseline, found: Comparison) -> Baseline:
    """Return ``baseline`` without what is fixed, with what is milder: nothing new comes in."""
    milder = {finding(outcome) for outcome in found.milder}
    gone = {f.place for f in milder} | {f.place for f in found.fixed}
    kept = {f for f in baseline.findings if f.place not in gone}.union(found.same)
    return msgspec.structs.replace(baseline, findings=tuple(sorted(kept | milder)))


class Excuses(Ledger):
    """A ledger, and after it a baseline: what neither knows is a finding."""

    def __init__(self, ledger: Ledger, baseline: Baseline, name: str) -> None:
        super().__init__(ledger.entries)
        self._held, self._reason = _Held(baseline), f"{_MARK}{name}"

    def excuse(self, outcome: Outcome, version: str) -> Outcome:
        """Return ``outcome`` with the ledger's reason, or that it is in the baseline."""
        outcome = super().excuse(outcome, version)
        if outcome.is_finding and self._held.how(finding(outcome)) != "new":
            return msgspec.structs.replace(outcome, known=self._reason)
        return outcome


class _Held:
    """What a baseline says of a check."""

    def __init__(self, baseline: Baseline) -> None:
        self._kinds: defaultdict[Check, set[Kind]] = defaultdict(set)
        for found in baseline.findings:
            self._kinds[found.place].add(found.kind)

    def how(self, found: Finding) -> str:
        """Return ``same``, ``milder`` or ``new``."""
        kinds = self._kinds.get(found.place, set())
        if found.kind in kinds:
            return "same"
        worse = any(verdict not in {"degraded", "mistrusted"} for verdict, _, _ in kinds)
        return "milder" if found.verdict == "degraded" and worse else "new"


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline, whole or not at all."""
    lines = (baseline.head, *baseline.findings)
    aside.write(path, b"".join(encoded(line) + b"\n" for line in lines))


def read(path: Path) -> Baseline:
    """Read a baseline. Raises ``InvalidBaseline`` with the line that is at fault."""
    try:
        first, *rest = path.read_bytes().splitlines() or [b""]
    except OSError as error:
        raise InvalidBaseline(
            f"{path} cannot be read: {error.strerror}; `convergent baseline save RUN` makes one"
        ) from error
    try:
        head = msgspec.json.decode(first, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidBaseline(f"{path}, line 1: this is no baseline's header: {error}") from error
    if head.schema != SCHEMA:
        raise InvalidBaseline(
            f"{path}, line 1: schema {head.schema}, this version reads {SCHEMA}; save it again"
        )
    return Baseline(head=head, findings=tuple(_findings(rest, path)))


def _findings(lines: Iterable[bytes], path: Path) -> Iterator[Finding]:
    decoder = msgspec.json.Decoder(Finding)
    for number, line in enumerate(lines, 2):
        try:
            found = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidBaseline(f"{path}, line {number}: this is no finding: {error}") from error
        if not all(map(str.isprintable, (*found.place, found.model, found.diagnosis))):
            raise InvalidBaseline(f"{path}, line {number}: it holds what cannot be printed")
        if found.verdict in PASSING:
            raise InvalidBaseline(f"{path}, line {number}: {found.verdict!r} is no finding")
        yield found
