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

from convergent.harness import aside
from convergent.harness.outcome import VERDICTS
from convergent.harness.record import Run
from convergent.reports import histogram, wording
from convergent.reports.columns import columns, embed
from convergent.reports.explain import explain
from convergent.reports.groups import SEVERITY, alike, magnitude
from convergent.reports.summary import summarise


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
    }
    style, script = part("report.css"), part("report.js")
    return env.from_string(part("template.html.j2")).render(
        **_figures(run),
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        data=Markup(embed(columns(run) | {"order": SEVERITY})),  # noqa: S704 - embed() escapes
    )


def _figures(run: Run) -> dict[str, Any]:
    s = summarise(run)
    ratios: dict[str, list[float]] = {variant: [] for variant in s.variants}
    for o in run.outcomes:
        ratio = magnitude(o.ratio)
        if ratio is not None:
            ratios[o.variant].append(ratio)
    return {
        "run": run,
        "s": s,
        "headline": wording.headline(s),
        "tone": "bad" if s.findings else "good" if s.complete and s.total.checked else "open",
        "verdicts": [v for v in SEVERITY if v in VERDICTS],
        "symbols": wording.SYMBOLS,
        "sentence": wording.sentence,
        "repro": operator.attrgetter("repro"),
        "explain": explain,
        "alike": alike,
        "time_spent": wording.time_spent,
        "command_line": shlex.join(["convergent", *run.header.argv]),
        "histograms": [histogram.histogram(v, found) for v, found in ratios.items() if found],
        "scale": histogram,
        "environment": flatten(run.header.environment),
        "loaded": {name: flatten(v.loaded) for name, v in run.variants.items()},
    }


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
