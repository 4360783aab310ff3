"""What formats are tried on: runs whose every text is out to do harm."""

from __future__ import annotations

import pytest

from convergent.harness.record import End, Loaded
from convergent.reports.formats import Page, render

HOSTILE = (
    "</testcase>]]><script>alert(1)</script>&amp; \"'\r\n"
    "::error title=x::owned%0A::stop-commands::x\n"
    "##[error]x\n| a | b |\n```\n~~~\n`x` **b** [l](http://x) @everyone #1\n"
    "\x00\x07\x1b[31m\x0b\u2028\u202e\ufffe\uffff\ud800\udc80x\U0001f4a9 <!-- --> ${{ secrets.X }}"
)


@pytest.fixture
def text():
    """Return what shows a page in a format, as text."""
    return lambda run, name, **more: b"".join(render(Page(run, **more), name)).decode()


@pytest.fixture
def hostile(run_of, outcome, wrong):
    """Return a run in which all that may be any text is hostile."""
    place = {"variant": HOSTILE, "op": HOSTILE, "method": HOSTILE, "case": HOSTILE}
    said = {"where": HOSTILE, "detail": HOSTILE, "diagnosis": HOSTILE, "model": HOSTILE}
    verdicts = ("differs", "degraded", "raised", "crashed", "timed_out", "mistrusted")
    checks = [wrong(**place, **said, verdict=verdict, note=HOSTILE) for verdict in verdicts]
    checks += [
        outcome(**place, verdict="unsupported", detail=HOSTILE),
        outcome(**place, verdict="differs", known=HOSTILE, detail=HOSTILE),
        outcome(**place),
    ]
    variants = (
        Loaded(name=HOSTILE, loaded={"version": HOSTILE, HOSTILE: {HOSTILE: [HOSTILE]}}),
        Loaded(name="jax" + HOSTILE, error=HOSTILE),
    )
    end = End(finished=HOSTILE, wall=1, workers=1, harness=0, framework=1, stale=(HOSTILE,))
    return run_of(
        *checks, variants=variants, end=end, path=HOSTILE.replace("\0", ""), suite=HOSTILE,
        version=HOSTILE, started=HOSTILE, argv=[HOSTILE], shard=HOSTILE,
        environment={HOSTILE: HOSTILE},
    )  # fmt: skip
