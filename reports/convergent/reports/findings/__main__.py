"""Makes the pages of a hunting log: ``python -m convergent.reports.findings docs/findings``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from convergent.cases.errors import ConvergentError
from convergent.harness import aside, ledger, record
from convergent.harness.known import log
from convergent.reports.findings import met, pages

USAGE = 4
_EXAMPLES = """examples:
  convergent known confirm -o docs/findings && python -m convergent.reports.findings docs/findings
  python -m convergent.reports.findings docs/findings --runs nightly/run.jsonl
"""


class _Misused(Exception):
    """Arguments that make no sense."""


class _Parser(argparse.ArgumentParser):
    """Leaves it to its caller to say what is wrong with the arguments, and to end."""

    def error(self, message: str) -> NoReturn:
        """Raise ``_Misused``."""
        raise _Misused(f"{message}; see --help")


def main(arguments: list[str] | None = None) -> int:
    """Write the pages and return the exit code: 4 for what cannot be read."""
    parser = _Parser(
        prog="python -m convergent.reports.findings",
        description="Make the pages of a hunting log from the ledger and confirmed.json.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where confirmed.json is, and the pages go")
    parser.add_argument("--known", type=Path, help="the ledger, instead of the built-in one")
    parser.add_argument("--runs", type=Path, nargs="+", metavar="RUN",
                        help="count in these run files how often each finding was met")  # fmt: skip
    try:
        given = parser.parse_args(arguments)
        _write(given.folder, given.known, given.runs or [])
    except (_Misused, ConvergentError) as error:
        return _say(str(error))
    except OSError as error:
        return _say(f"{error.strerror or error} ({error.filename}); give another folder")
    return 0


def _write(folder: Path, known: Path | None, runs: list[Path]) -> None:
    entries = ledger.load(known)
    confirmed = log.read(folder / log.FILE)
    if runs:
        met.write(folder / met.FILE, met.meetings(entries, map(record.read, runs)))
    for name, text in pages(entries, confirmed, met.read(folder / met.FILE)).items():
        aside.write(folder / name, text.encode())


def _say(line: str) -> int:
    sys.stderr.write(f"convergent: {line}\n")
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
