"""A run as one HTML file that needs no network, no server and no other file.

What a run file says is never trusted: the template escapes all of it, the list of checks is data
that no text can break out of, and the page's policy lets nothing run or load but its own style
and script.
"""

from __future__ import annotations

import base64
import hashlib
import operator
import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from convergent.backends import registry
from convergent.harness import aside
from convergent.harness.outcome import VERDICTS
from convergent.harness.record import Run
from convergent.reports import histogram, shade, wording
from convergent.reports.agreement import Answers
from convergent.reports.columns import Columns, embed
from convergent.reports.dossier import dossiers, heats
from convergent.reports.explain import explain
from convergent.reports.groups import SEVERITY, Group, alike, magnitude
from convergent.reports.race import Times
from convergent.reports.summary import Summary, summarise

MOST, MOST_KNOWN = 200, 100
"""Findings and known divergences that have a card, the worst first; the list holds them all."""
SCRIPTS = ("data", "state", "select", "matrix", "spread", "list", "finding", "main")
"""The files of the page's script, in the order in which they need each other."""


def write(run: Run, path: Path) -> None:
    """Write the report of ``run`` to ``path``, whole or not at all."""
    aside.write(path, render(run).encode("utf-8", "replace"))


def render(run: Run) -> str:
    """Return the report of ``run`` as one page."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    env = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters |= {
        "short": wording.short,
        "exact": wording.exact,
        "duration": wording.duration,
        "word": wording.word,
        "many": wording.many,
        "breakable": lambda name: Markup("_<wbr>").join(name.split("_")),  # join() escapes
        "modes": lambda name: Markup(":<wbr>").join(
            Markup("+<wbr>").join(part.split("+")) for part in name.split(":")
        ),
        "shade": shade.shade,
    }
    style, script = part("report.css"), code()
    figures, data = _figures(run)
    return env.from_string(part("template.html.j2")).render(
        **figures,
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - files of this package
        data=Markup(embed(data)),  # noqa: S704 - embed() escapes
    )


def code() -> str:
    """Return the page's script: the files of ``SCRIPTS`` in one scope."""
    parts = "\n".join(part(f"script/{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _figures(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the template shows, and what the script knows."""
    s = summarise(run)
    every, allowed = alike(s.findings), alike(s.known)
    findings, known = every[:MOST], allowed[:MOST_KNOWN]
    cards = [f"f{n}" for n in range(1, len(findings) + 1)]
    cards += [f"k{n}" for n in range(1, len(known) + 1)]
    rows, answers, times = Columns(_told(cards, findings + known)), Answers(), Times()
    ratios: dict[str, list[float]] = {variant: [] for variant in s.variants}
    for o in run.outcomes:
        rows.add(o)
        answers.add(o)
        times.add(o)
        ratio = magnitude(o.ratio)
        if ratio is not None:
            ratios[o.variant].append(ratio)
    opened = dict(zip(cards, dossiers(run, findings + known), strict=True))
    data = rows.data() | {
        "order": SEVERITY,
        "signs": wording.SYMBOLS,
        "shades": shade.EDGES,
        "bins": histogram.EDGES,
        "heats": heats(opened),
    }
    figures = {
        "run": run,
        "s": s,
        "headline": wording.headline(s),
        "tone": "bad" if s.findings else "good" if s.complete and s.total.checked else "open",
        "verdicts": [v for v in SEVERITY if v in VERDICTS],
        "symbols": wording.SYMBOLS,
        "shades": shade.WORDS,
        "sentence": wording.sentence,
        "brief": wording.brief,
        "both": lambda worst: wording.apart(worst, wording.exact, str),
        "repro": operator.attrgetter("repro"),
        "explain": explain,
        "findings": findings,
        "unshown": {"findings": len(every) - len(findings), "known": len(allowed) - len(known)},
        "known": known,
        "dossiers": opened,
        "modeless": lambda name: ":" not in name or name == "jax:jit",
        "facets": [
            name for name, f in data["facets"].items() if name != "finding" and len(f["words"]) > 1
        ],
        "by_backend": by_backend(s),
        "time_spent": wording.time_spent,
        "command_line": shlex.join(["convergent", *run.header.argv]),
        "diff_line": shlex.join(["convergent", "diff", "OLD", run.path, "--format", "html"]),
        "histograms": [histogram.histogram(v, found) for v, found in ratios.items() if found],
        "scale": histogram,
        "agreement": answers.agreement(s.variants),
        "races": times.races(s.variants),
        "environment": flatten(run.header.environment),
        "loaded": {name: flatten(v.loaded) for name, v in run.variants.items()},
    }
    return figures, data


def _told(cards: list[str], joined: list[tuple[Group, ...]]) -> dict[str, str]:
    """Return the card that tells of each check."""
    return {
        o.id: card
        for card, groups in zip(cards, joined, strict=True)
        for group in groups
        for o in group.outcomes
    }


def by_backend(s: Summary) -> dict[str, dict[str, int]]:
    """Return what the variants of each backend came to together."""
    found: dict[str, dict[str, int]] = {}
    for variant, tally in s.by_variant.items():
        counted = found.setdefault(
            registry.backend_of(variant), {"variants": 0, "checked": 0, "found": 0, "known": 0}
        )
        counted["variants"] += 1
        counted["checked"] += tally.checked
        counted["found"] += tally.found
        counted["known"] += tally.known
    return found


def flatten(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested ``data`` as one level of texts; the names of the levels are joined by dots."""
    flat: dict[str, str] = {}
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            flat[f"{prefix}{name}"] = ", ".join(map(str, value))
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat


def policy(style: str, script: str = "") -> str:
    """Return a page's policy: nothing runs or loads but these two, and no script if it is empty."""
    allowed = f"script-src '{_digest(script)}'; " if script else ""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; {allowed}"
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def part(name: str) -> str:
    """Return a file of this package."""
    return resources.files("convergent.reports").joinpath(name).read_text("utf-8")
