"""A live run check by check: a line for each as it comes in."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from convergent.harness.outcome import Outcome
from convergent.reports.terminal import STYLES, plain
from convergent.reports.wording import SYMBOLS, duration, short, word

if TYPE_CHECKING:
    from rich.console import Console


class Lines:
    """Prints what each check came to; ``totals`` holds the planned checks per variant."""

    def __init__(self, totals: Mapping[str, int], console: Console) -> None:
        self._total, self._done, self._console = sum(totals.values()), 0, console

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def advance(self, outcome: Outcome) -> None:
        """Print one more outcome: its place, verdict, name, time and error ratio."""
        from rich.text import Text

        self._done += 1
        verdict = "known" if outcome.known else outcome.verdict
        line = Text(f"[{self._done:>{len(str(self._total))}}/{self._total}] ", "dim")
        line.append(f"{SYMBOLS[verdict]} {word(verdict):11}", STYLES.get(verdict, "dim"))
        line.append(f" {plain(outcome.id)}")
        line.append(f"  {said}" if (said := _figures(outcome)) else "", "dim")
        self._console.print(line, soft_wrap=True)


def _figures(o: Outcome) -> str:
    if o.verdict == "unsupported":
        return plain(o.detail)
    time = duration(o.seconds) if o.seconds else ""
    ratio = f"ratio {short(o.ratio)}" if o.ratio else ""
    return "  ".join(filter(None, (time, ratio)))
