"""What XLA cannot compile; ``when`` gets the mode's word where all gaps are gathered."""

from __future__ import annotations

from convergent.backends.base import Gap

GAPS: tuple[Gap, ...] = ()
