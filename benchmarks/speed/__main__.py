"""How fast is Convergent? ``python benchmarks/speed`` measures ratios; ``--write`` makes the page.

Every figure is a ratio within one run, or the median of interleaved repetitions: absolute seconds
say more of the machine than of the program.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import machine

HERE = Path(__file__).resolve().parent
BEFORE = HERE / "before.json"
PAGE = HERE.parents[1] / "docs" / "proof" / "speed.md"
PARTS = ("startup", "overhead", "oracle", "growth", "compile")
BACKENDS = ("scipy", "torch", "tensorflow", "jax")

EXAMPLES = """examples:
  python benchmarks/speed                            everything, half an hour; prints the page
  python benchmarks/speed --part startup --repeat 5
  python benchmarks/speed --part overhead --backend torch --json torch.json
  python benchmarks/speed --json now.json --write    keep the figures and write docs/proof/speed.md
  python benchmarks/speed --from now.json --write    write the page of figures that were kept
"""


def main() -> int:
    """Measure the parts that were asked for, keep the figures and show the page."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/speed", description=__doc__, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--part", action="append", choices=PARTS, help="all of them if not said")
    parser.add_argument("--backend", action="append", choices=BACKENDS)
    parser.add_argument("--repeat", type=int, default=3, help="repetitions, interleaved [3]")
    parser.add_argument("--json", type=Path, help="keep the figures here, after each part")
    parser.add_argument("--from", dest="kept", type=Path, help="begin with figures kept before")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} of docs/proof")
    asked = parser.parse_args()
    if asked.repeat < 1:
        parser.error("--repeat must be 1 or more")
    found: dict[str, Any] = _read(parser, asked.kept) if asked.kept else {}
    parts = asked.part or ([] if asked.kept else PARTS)
    try:
        for part in parts:
            found["machine"] = machine.describe()
            found[part] = _measured(part, asked.backend or list(BACKENDS), asked.repeat)
            if asked.json:
                _keep(asked.json, found)
    except KeyboardInterrupt:
        print("interrupted; what was measured is kept", file=sys.stderr)
        return 2
    import page

    before = json.loads(BEFORE.read_text()) if BEFORE.exists() else {}
    text = page.text(found, before)
    if asked.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text)
    else:
        print(text)
    return 0


def _measured(part: str, backends: list[str], repeat: int) -> Any:
    import compiling
    import growing
    import oracle_time
    import overhead
    import startup

    if part == "startup":
        return startup.measure(backends, repeat, _say)
    if part == "overhead":
        return overhead.measure(backends, repeat, _say)
    if part == "oracle":
        return oracle_time.measure(backends, repeat, _say)
    return growing.measure(repeat, _say) if part == "growth" else compiling.measure(_say)


def _read(parser: argparse.ArgumentParser, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        parser.error(f"{path} holds no figures: {error}")
    if not isinstance(found, dict):
        parser.error(f"{path} holds no figures; --json writes such a file")
    return found


def _keep(path: Path, found: dict[str, Any]) -> None:
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(found, indent=1) + "\n")
    aside.replace(path)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
