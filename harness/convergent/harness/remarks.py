"""What is worth saying of a check besides its verdict."""

from __future__ import annotations

from convergent.cases import goldens
from convergent.cases.case import Case


def note(case: Case, op: str, loss: str) -> str:
    """Return how a worker was lost at the first try, or what a golden's source got wrong."""
    if loss:
        return "" if "SIGKILL" in loss else f"at the first try {loss}; not at the second"
    if not case.data.startswith("golden"):
        return ""
    golden = goldens.get(case.data)
    return f"{golden.name}: {golden.erratum}" if golden.erratum and op in golden.expected else ""


def with_stack(detail: str, stack: str) -> str:
    """Add the innermost lines of a native stack, on one line."""
    lines = [line.strip() for line in stack.splitlines() if line.strip()]
    frames = [line for line in lines if line.startswith(("File", "Fatal", "F0", "F1", "F2"))]
    said = " < ".join((frames or lines[-2:])[:3])
    return f"{detail}: {said[:300]}" if said else detail
