"""A fault against a suite by the real harness: asked, failed, by which question, told like what."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from convergent.cases import suites
from convergent.cases.case import SPECIAL
from convergent.cases.text import parse
from convergent.harness import diagnose, ledger, record, run
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Selection
from convergent.harness.record import Run
from mutation import correct, faults
from mutation.faults import Fault

SUITES = ("smoke", "ci", "edge", "special", "contracts", "relations")
"""What each fault is run against; ``relations`` are those of smoke's cases, without the oracle."""

QUESTIONS = (
    "exact", "bound", "special", "shape", "dtype", "input", "repeat", "kept", "relation",
    "contract", "raised", "crashed", "timed out", "mistrusted",
)  # fmt: skip
"""By what a fault is caught: equality on exact data, the bound on real data, equality on special
numbers; shape, dtype, operands as they were, the same bits again and not over the first ones; a
relation; a refusal; no result."""

CORRECT = "none"
"""The row of the backend without a fault."""

TIMEOUT, SHORT = 60.0, 5.0
ENOUGH = 20
"""Findings after which a suite has said enough of a fault."""

_TAKEN = "tally.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tally:
    """What one suite made of one fault.

    ``first`` is the first finding's question and sentence. ``right``, ``same``, ``untold`` and
    ``wrong`` count the diagnoses of wrong results (``likened``), ``named`` each of them, ``others``
    those that are the ``same``, ``said`` those that are ``wrong``.
    """

    suite: str
    asked: int = 0
    failed: int = 0
    questions: dict[str, int] = dataclasses.field(default_factory=dict)
    verdicts: dict[str, int] = dataclasses.field(default_factory=dict)
    methods: dict[str, int] = dataclasses.field(default_factory=dict)
    first: tuple[str, str] = ("", "")
    right: int = 0
    same: int = 0
    untold: int = 0
    wrong: int = 0
    said: dict[str, int] = dataclasses.field(default_factory=dict)
    named: dict[str, int] = dataclasses.field(default_factory=dict)
    others: dict[str, int] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0


def asked_of(fault: Fault | None) -> tuple[str, ...]:
    """Return the suites that can tell of a fault: refusals are asked of illegal calls alone."""
    if fault is None:
        return SUITES
    refusal = fault.effect == "refusal"
    return tuple(s for s in SUITES if (s == "contracts") == refusal)


def measure(name: str, suite: str, folder: Path) -> Tally:
    """Run ``suite`` against the fault ``name`` (``none``: without one) in ``folder``.

    What an earlier call has measured there is returned; what it left unfinished is begun anew.
    """
    taken = folder / _TAKEN
    if taken.exists():
        return _read(taken)
    if (folder / run.RUN_FILE).exists():  # cut short: findings are counted from its beginning
        shutil.rmtree(folder)
    fault = None if name == CORRECT else faults.load()[name]
    began = time.perf_counter()
    ran = _run(fault, suite, folder)
    seconds = time.perf_counter() - began
    if errors := [variant.error for variant in ran.variants.values() if variant.error]:
        raise RuntimeError(f"{name} could not be run against {suite}: {errors[0]}")
    tally = count(suite, ran.outcomes, fault, seconds)
    aside = taken.with_suffix(".part")
    aside.write_text(json.dumps(dataclasses.asdict(tally)), encoding="utf-8")
    aside.rename(taken)
    return tally


def count(
    suite: str, outcomes: Iterable[Outcome], fault: Fault | None, seconds: float = 0.0
) -> Tally:
    """Return what outcomes come to."""
    asked, told = 0, Counter[str]()
    questions, verdicts, methods = Counter[str](), Counter[str](), Counter[str]()
    named, first = Counter[str](), ("", "")
    besides = {"same": Counter[str](), "wrong": Counter[str]()}
    for outcome in outcomes:
        asked += 1
        if not outcome.is_finding:
            continue
        by = question(outcome)
        first = first if first[0] else (by, outcome.sentence)
        questions[by] += 1
        verdicts[outcome.verdict] += 1
        methods[outcome.key] += 1
        text = outcome.diagnosis or outcome.model
        if text and by not in ("relation", "contract"):
            likeness = likened(outcome, fault)
            told[likeness] += 1
            named[text] += 1
            if likeness in besides:
                besides[likeness][text] += 1
    return Tally(
        suite=suite, asked=asked, failed=sum(verdicts.values()), questions=dict(questions),
        verdicts=dict(verdicts), methods=dict(methods), first=first, right=told["right"],
        same=told["same"], untold=told["untold"], wrong=told["wrong"], named=dict(named),
        others=dict(besides["same"]), said=dict(besides["wrong"]), seconds=seconds,
    )  # fmt: skip


def question(outcome: Outcome) -> str:
    """Return by which of ``QUESTIONS`` a finding was found."""
    if outcome.question == "contract":
        return "contract"
    if outcome.verdict in ("raised", "crashed", "timed_out", "mistrusted"):
        in_contract = outcome.op == "contract" and outcome.verdict != "mistrusted"
        return "contract" if in_contract else outcome.verdict.replace("_", " ")
    if outcome.question == "value":
        data = parse(outcome.case).data
        return (
            "bound" if data in ("normal", "uniform") else "special" if data in SPECIAL else "exact"
        )
    return outcome.question


def likened(found: Outcome, fault: Fault | None) -> str:
    """Say what a diagnosis is worth: ``right``, ``same``, ``untold`` or ``wrong``.

    ``same`` is a cause that gives the very numbers in this case (it is named for nothing less),
    though it is not what was planted. ``wrong`` is a model that is wide enough for the error and
    is not what was planted. ``untold`` names nothing.
    """
    text = found.diagnosis or found.model
    if not diagnose.is_named(text):
        return "untold"
    causes = {text, *(cause.removesuffix(", in part") for cause in diagnose.causes(text))}
    if fault and causes & set(fault.says):
        return "right"
    return "same" if found.diagnosis else "wrong"


def _run(fault: Fault | None, suite: str, folder: Path) -> Run:
    related = suite == "relations"
    ops = correct.OPS if fault is None else fault.ops
    if suite == "contracts":
        ops = ("contract",)
    options = Options(
        variants=(f"mutant:{fault.name}" if fault else "mutant",),
        folder=folder,
        selection=Selection(ops=ops, relations=related, ordinary=not related),
        # A busy machine is no hang; of what does hang, nobody waits for long.
        timeout=SHORT if fault and fault.kind == faults.PROCESS else TIMEOUT,
        jobs=1,
        enough=ENOUGH,
    )
    cases = suites.load("smoke" if related else suite)
    return run.run(cases, options, ledger.load()).run


def read(folder: Path, fault: Fault | None, suite: str) -> Tally:
    """Return the tally of a run that is there, counted anew."""
    taken = _read(folder / _TAKEN)
    return count(suite, record.read(folder / run.RUN_FILE).outcomes, fault, taken.seconds)


def _read(path: Path) -> Tally:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Tally(**{**found, "first": tuple(found["first"])})
