"""How many planted faults does the harness miss? ``python benchmarks/mutation [--write]``.

Every fault of ``faults.load()`` is a variant of one backend and is run through the real harness:
worker processes, referee, relations, contracts. Examples::

    python benchmarks/mutation --list                     # the faults
    python benchmarks/mutation --fault pads_swapped       # one, with its first findings
    python benchmarks/mutation --class padding --suite smoke
    python benchmarks/mutation --write -j 2               # all, and docs/proof/mutation.md

Runs are kept in ``--output``, and what is there is not run again; by default a folder of the
temporary directory that is named after the sources, so that a change of any begins anew.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from mutation import faults, page, score  # noqa: E402 - beside this file
from mutation.faults import Fault  # noqa: E402
from mutation.score import CORRECT, Tally  # noqa: E402

PAGE = ROOT / "docs" / "proof" / "mutation.md"
Measured = dict[str, dict[str, Tally]]


def main() -> int:
    """Measure, print, and write the page if that is wanted."""
    asked = _asked()
    chosen = _chosen(asked)
    if asked.list:
        for fault in chosen.values():
            print(f"{fault.kind:20} {fault.name:36} {fault.sentence}")
        return 0
    os.environ["CONVERGENT_ADAPTER"] = "mutant=mutation.backend:Mutant"
    os.environ["OMP_NUM_THREADS"] = "1"
    there = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), there]))
    folder = asked.output or Path(tempfile.gettempdir()) / f"convergent-mutation-{_sources()}"
    try:
        measured = _measure(chosen, asked, folder)
    except KeyboardInterrupt:
        print(f"\ninterrupted; what was measured is in {folder}: run it again", file=sys.stderr)
        return 2
    text = page.render(chosen, measured, command=_command())
    if asked.json:
        _put(asked.json, json.dumps(page.plain(chosen, measured), indent=1) + "\n")
    if asked.write:
        _put(PAGE, text)
        print(f"{PAGE.relative_to(ROOT)} is written", file=sys.stderr)
    else:
        print(text)
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fault", action="append", metavar="NAME", help="this one; repeat")
    parser.add_argument("--class", action="append", dest="kinds", choices=faults.CLASSES)
    parser.add_argument("--suite", action="append", choices=score.SUITES)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, help="the folder of the runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the results as JSON")
    parser.add_argument("--write", action="store_true", help="write docs/proof/mutation.md")
    parser.add_argument("--list", action="store_true", help="the faults, without running them")
    asked = parser.parse_args()
    if asked.write and (asked.fault or asked.kinds or asked.suite):
        parser.error("the page is of all faults and suites; leave out --fault, --class and --suite")
    return asked


def _chosen(asked: argparse.Namespace) -> dict[str, Fault]:
    every = faults.load()
    if unknown := [name for name in asked.fault or () if name not in every]:
        print(f"no fault is called {unknown[0]!r}; see --list", file=sys.stderr)
        raise SystemExit(4)
    return {
        name: fault
        for name, fault in every.items()
        if (not asked.fault or name in asked.fault)
        and (not asked.kinds or fault.kind in asked.kinds)
    }


def _measure(chosen: dict[str, Fault], asked: argparse.Namespace, folder: Path) -> Measured:
    """Run every fault and the correct backend against every suite, some at a time."""
    jobs = [
        (name, suite)
        for name, fault in {CORRECT: None, **chosen}.items()
        for suite in score.asked_of(fault)
        if not asked.suite or suite in asked.suite
    ]
    measured: Measured = {name: {} for name, _ in jobs}
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(max(asked.jobs, 1), spawn) as pool:
        waiting = {
            pool.submit(score.measure, name, suite, folder / name / suite): (name, suite)
            for name, suite in jobs
        }
        try:
            for done, future in enumerate(concurrent.futures.as_completed(waiting), 1):
                name, suite = waiting[future]
                measured[name][suite] = future.result()
                _tell(done, len(jobs), f"{name} {suite}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    # Counted anew: what a fault may be called can have been mended since its runs.
    every = {CORRECT: None, **chosen}
    return {
        name: {
            suite: score.read(folder / name / suite, every[name], suite)
            for suite in score.SUITES if suite in found
        }
        for name, found in measured.items()
    }  # fmt: skip


def _tell(done: int, of: int, what: str) -> None:
    """Say how far it is: on a terminal in place, elsewhere now and then."""
    if sys.stderr.isatty():
        print(f"\r{done} of {of}: {what}\033[K", end="\n" if done == of else "", file=sys.stderr)
    elif done % 25 == 0 or done == of:
        print(f"{done} of {of}", file=sys.stderr, flush=True)


def _sources() -> str:
    """Return a hash of everything that decides about results."""
    hashed = hashlib.blake2b(digest_size=6)
    for folder in (HERE, *(ROOT / name for name in ("cases", "backends", "harness"))):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".txt", ".toml") and path.name != "page.py":
                hashed.update(path.read_bytes())
    return hashed.hexdigest()


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def _command() -> str:
    return " ".join(["python", "benchmarks/mutation", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
