"""Rules that frameworks are tested by, and ours: misses, false alarms and time in one run.

python benchmarks/peers --rules-only             # no gradient checkers: a minute or two
python benchmarks/peers --write                  # docs/proof/peers.md
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
        _ask(board, asked)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: what follows holds what was asked so far\n")
        asked.write = False  # a page tells of a whole run
    text = page.render(board)
    print(text)
    if asked.json:
        aside.write(asked.json, json.dumps(page.plain(board), indent=1).encode() + b"\n")
    if asked.write:
        aside.write(PAGE, text.encode())
    return 0


def _ask(board: Board, asked: argparse.Namespace) -> None:
    for number, fault in enumerate(board.faults.values(), start=1):
        sys.stderr.write(f"\r{number} of {len(board.faults)} faults, rules ")
        board.judged[fault.name] = score.judged(fault, board.rules)
    sys.stderr.write("\nright results ")
    board.rates = score.rates(board.rules, asked.checks, asked.seed)
    for line in TIMED:
        sys.stderr.write(f"\ntime of {line} ")
        board.seconds[line] = clock.seconds(
            parse(line), board.rules, board.checkers, asked.repetitions
        )
    for number, fault in enumerate(board.faults.values(), start=1):
        for checker in board.checkers:
            sys.stderr.write(f"\r{number} of {len(board.faults)} faults, {checker.name:40.40s} ")
            found = score.checked(fault, checker, board.accepted)
            board.checked.setdefault(fault.name, {})[checker.name] = found
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
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure, as JSON")
    return parser.parse_args(argv)
