"""What to do with a finding, as a chart, which ``python -m convergent.reports.decisions`` prints.

The chart is an image of its own (GitHub shows it too), so it brings its colours for light and dark.
"""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from convergent.reports.picture.svg import tag


class Step(NamedTuple):
    """A question, and what to do if the answer is yes; lines as they are set."""

    question: tuple[str, ...]
    action: tuple[str, ...]
    tone: str


STEPS = (
    Step(
        ("Did the run end with", "exit code 2, 3, 4, 5 or 70?"),
        (
            "No verdict: the last line says what to do;",
            "2 goes on by --resume, 3 lacks a library.",
        ),
        "open",
    ),
    Step(
        ("Is it mistrusted?",),
        ("The data could not have shown an error.", "Ask with --seed 1, or with normal data."),
        "open",
    ),
    Step(
        ("Did it crash or time out?",),
        ("convergent repro asks it alone.", "Again? Report it with repro --script."),
        "bad",
    ),
    Step(
        ("Did it raise?",),
        ("It documents the call? Report it.", "It documents a limit? Declare it: a Gap."),
        "bad",
    ),
    Step(
        ("Is it degraded?",),
        ("The model names it (TF32, float16 sums).", "Switch it off, or allow it: known add."),
        "warn",
    ),
    Step(
        ("Other bits the next time?",),
        ("Not repeatable: --repeat 20 and threads1", "tell threads from memory nobody wrote."),
        "bad",
    ),
    Step(
        ("Do all frameworks differ", "from the oracle alike?"),
        ("Suspect us: convergent explain shows the sum", "by hand. Report it to this project."),
        "warn",
    ),
    Step(
        ("It differs, and alone.",),
        (
            "convergent shrink, repro --script, search their",
            "tracker; known add with the issue.",
        ),
        "bad",
    ),
)
_WIDTH, _HEIGHT, _GAP, _EDGE = 260, 62, 26, 20
_ACTION, _BETWEEN, _LINE = 360, 80, 19
_STYLE = """
svg { --ground: #fff; --ink: #1b1f24; --line: #8a94a0; --ask: #f0f3f7;
  --open: #e6edfb; --warn: #fff0cc; --bad: #fde4e1; }
@media (prefers-color-scheme: dark) { svg { --ground: #14171b; --ink: #e4e7eb; --line: #77828e;
  --ask: #22272e; --open: #222d48; --warn: #3d3115; --bad: #47201e; } }
.ground { fill: var(--ground); } .ask { fill: var(--ask); stroke: var(--line); }
.open { fill: var(--open); } .warn { fill: var(--warn); } .bad { fill: var(--bad); }
path { stroke: var(--line); stroke-width: 1.5; fill: none; } .head { fill: var(--line); }
text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  fill: var(--ink); dominant-baseline: central; }
.ask-text { font-weight: 600; text-anchor: middle; } .word { font-size: 12px; }
"""


def chart() -> str:
    """Return the chart as an SVG document."""
    width = 2 * _EDGE + _WIDTH + _BETWEEN + _ACTION
    height = 2 * _EDGE + len(STEPS) * (_HEIGHT + _GAP) - _GAP
    parts = [tag("rect", width=width, height=height, rx=8, class_="ground")]
    for number, step in enumerate(STEPS):
        parts += _step(step, _EDGE + number * (_HEIGHT + _GAP), is_last=number == len(STEPS) - 1)
    drawn = tag(
        "svg", tag("title", "From a verdict to what to do with it"),
        tag("style", Markup(_STYLE)),  # noqa: S704 - a constant of this module
        *parts, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}",
        width=width, height=height, role="img",
    )  # fmt: skip
    return f"{drawn}\n"


def _step(step: Step, top: int, *, is_last: bool) -> list[Markup]:
    """Return a question, its action to the right, and the arrows."""
    middle, right = top + _HEIGHT // 2, _EDGE + _WIDTH
    action = right + _BETWEEN
    across = _arrow(right, middle, f"h{_BETWEEN - 4}", f"M{action - 9} {middle - 5}l8 5l-8 5z")
    parts = [
        tag("rect", x=_EDGE, y=top, width=_WIDTH, height=_HEIGHT, rx=_HEIGHT // 2, class_="ask"),
        *_lines(step.question, _EDGE + _WIDTH // 2, middle, "ask-text"),
        *across,
        tag("rect", x=action, y=top, width=_ACTION, height=_HEIGHT, rx=6, class_=step.tone),
        *_lines(step.action, action + 16, middle, "do-text"),
    ]
    if is_last:
        return parts
    parts.append(tag("text", "yes", x=right + 26, y=middle - 10, class_="word"))
    down, bottom = _EDGE + _WIDTH // 2, top + _HEIGHT
    parts += _arrow(down, bottom, f"v{_GAP - 4}", f"M{down - 5} {bottom + _GAP - 9}l5 8l5 -8z")
    return [*parts, tag("text", "no", x=down + 10, y=bottom + _GAP // 2 - 1, class_="word")]


def _arrow(x: int, y: int, way: str, head: str) -> list[Markup]:
    return [tag("path", d=f"M{x} {y}{way}"), tag("path", d=head, class_="head")]


def _lines(said: tuple[str, ...], x: int, middle: int, kind: str) -> list[Markup]:
    first = middle - (len(said) - 1) * _LINE / 2
    return [tag("text", line, x=x, y=first + n * _LINE, class_=kind) for n, line in enumerate(said)]


if __name__ == "__main__":
    print(chart(), end="")  # noqa: T201 - a script's output
