"""Does a script show what it was written for? Run once, in a clean process (``python -I``)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from convergent.cases.record import record
from convergent.harness.outcome import Outcome

_RAISED = r"[\w.]+(Error|Exception)\b"
_LONGEST = 240  # of what is said of a failure
_ASSERTED = {
    "shape": "AssertionError: shape",
    "value": "elements are wrong",
    "contract": "where an error is due",
    "input": "changed its input",
    "repeat": "other bits",
    "kept": "over that of the first",
    "dtype": "AssertionError",
}


@record
class Attempt:
    """How a script ended: ``code`` as ``subprocess`` has it (``None``: it did not), and ``errors``.

    ``errors`` is what it wrote on standard error.
    """

    code: int | None
    errors: str

    def shows(self, outcome: Outcome) -> bool:
        """Say whether the script ended as ``outcome`` says: for the same reason."""
        if outcome.verdict == "agrees":
            return self.code == 0
        if outcome.verdict == "timed_out":
            return self.code is None
        if outcome.verdict == "crashed":
            return self.code is not None and self.code < 0 and self._signal in outcome.detail
        if outcome.verdict == "raised":
            name = outcome.detail.partition(":")[0]
            return (
                self.code == 1
                and re.search(rf"^([\w.]*\.)?{name}\b", self.errors, re.MULTILINE) is not None
            )
        asserted = _ASSERTED.get(outcome.question)
        return self.code == 1 and asserted is not None and asserted in self.errors

    @property
    def _signal(self) -> str:
        """The signal that ended it, by the name that a lost worker's has."""
        assert self.code is not None
        return signal.Signals(-self.code).name

    @property
    def sentence(self) -> str:
        """How the script ended, in one line."""
        if self.code is None:
            return "does not end"
        if self.code < 0:
            return f"is ended by {self._signal}"
        if self.code == 0:
            return "passes"
        return f"fails: {self._said[:_LONGEST]}"

    @property
    def _said(self) -> str:
        """The line of standard error that says why: of a message of several lines, its last."""
        lines = [line for line in self.errors.splitlines() if line.strip()]
        raised = [n for n, line in enumerate(lines) if re.match(_RAISED, line)]
        if not raised:
            return lines[-1] if lines else "nothing said"
        first = lines[raised[-1]]
        rest = [line.strip() for line in lines[raised[-1] + 1 :]]
        rest = [line for line in rest if not line.startswith("[[")]  # TensorFlow's names of nodes
        if first.endswith(":") and rest:
            first = rest[-1] if re.match(_RAISED, rest[-1]) else f"{first} {rest[-1]}"
        return re.sub(r"\{\{function_node [^}]*\}\} ", "", first)


def attempt(text: str, timeout: float, python: str = sys.executable) -> Attempt:
    """Run the script ``text`` with ``python -I``, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "script.py")
        path.write_text(text, encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        try:
            done = subprocess.run(
                [python, "-I", str(path)],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                cwd=folder,
                env=kept,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return Attempt(code=None, errors="")
    return Attempt(code=done.returncode, errors=done.stderr)
