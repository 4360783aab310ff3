"""Rules that frameworks are tested by, and ours: misses, false alarms and time in one run.

python benchmarks/peers --rules-only             # no gradient checkers: a minute or two
python benchmarks/peers --write --json FILE      # docs/proof/peers.md; half an hour
python benchmarks/peers --write --json FILE --resume   # go on where it was interrupted
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from convergent.cases.text import parse
from convergent.harness import aside
from mutation import faults
from peers import checkers, clock, page, rules, score
from peers.page import Board

PAGE = Path(__file__).parents[2] / "docs" / "proof" / "peers.md"
TIMED = ("conv2d:n2_i7x8_c3_k3_o4_normal", "conv2d:n2_i9_c8_k3_o8_normal")


def main(argv: list[str] | None = None) -> int:
    """Ask every rule and checker, print the page, and write it if asked to."""
    asked = _arguments(argv)
    board = Board(began=time.monotonic())
    board.rules = rules.load()
    board.checkers = () if asked.rules_only else checkers.load()
    board.faults = {n: f for n, f in faults.load().items() if f.is_pure and not f.equivalent}
    board.listed = len(faults.load())
    if asked.fault:
        board.faults = {n: f for n, f in board.faults.items() if n in asked.fault}
        if unknown := sorted(set(asked.fault) - set(board.faults)):
            sys.stderr.write(f"{', '.join(unknown)}: no fault that is a function\n")
            return 4
    try:
        if asked.resume:
            _resume(board, asked.json)
        _ask(board, asked)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: what follows holds what was asked so far\n")
        asked.write = False  # a page tells of a whole run
    except InvalidRun as error:
        sys.stderr.write(f"{error}\n")
        return 4
    text = page.render(board)
    print(text)
    _save(board, asked)
    if asked.write:
        aside.write(PAGE, text.encode())
    return 0


class InvalidRun(Exception):
    """A file that is no run of this command; the message says the way out."""


def _save(board: Board, asked: argparse.Namespace) -> None:
    if asked.json:
        aside.write(asked.json, json.dumps(page.plain(board), indent=1).encode() + b"\n")


def _resume(board: Board, path: Path | None) -> None:
    """Take from a file what was asked before; nothing of it is run."""
    if path is None:
        raise InvalidRun("--resume needs the file of the run that was interrupted: --json FILE")
    try:
        page.take(board, json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise InvalidRun(f"{path} holds no run of this command ({said}); give another") from error


def _ask(board: Board, asked: argparse.Namespace) -> None:
    for number, fault in enumerate(board.faults.values(), start=1):
        if fault.name not in board.judged:
            sys.stderr.write(f"\r{number} of {len(board.faults)} faults, rules ")
            board.judged[fault.name] = score.judged(fault, board.rules)
    if not board.rates:
        sys.stderr.write("\nright results ")
        board.rates = score.rates(board.rules, asked.checks, asked.seed)
    for line in TIMED:
        if line not in board.seconds:
            sys.stderr.write(f"\ntime of {line} ")
            board.seconds[line] = clock.seconds(
                parse(line), board.rules, board.checkers, asked.repetitions
            )
            _save(board, asked)
    for number, fault in enumerate(board.faults.values(), start=1):
        for checker in board.checkers:
            found = board.checked.setdefault(fault.name, {})
            if checker.name not in found:
                sys.stderr.write(
                    f"\r{number} of {len(board.faults)} faults, {checker.name:40.40s} "
                )
                found[checker.name] = score.checked(fault, checker, board.accepted)
        _save(board, asked)
    sys.stderr.write("\n")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--checks", type=int, default=6000, help="right results, at least")
    parser.add_argument("--seed", type=int, default=1, help="of the sample of cases")
    parser.add_argument("--repetitions", type=int, default=25, help="of which the median is told")
    parser.add_argument("--fault", action="append", help="this fault alone; may be repeated")
    parser.add_argument("--rules-only", action="store_true", help="no gradient checkers")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} of docs/proof")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure so far, as JSON")
    parser.add_argument("--resume", action="store_true", help="go on with the file of --json")
    return parser.parse_args(argv)
