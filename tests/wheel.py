"""Check the built wheel: its contents, and its command line from a clean environment elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

PARTS = ("cases", "backends", "harness", "reports")
PLUGIN = "pytest_convergent.py"
DATA = (
    "convergent/cases/goldens.toml",
    "convergent/cases/suites/ci.txt",
    "convergent/cases/suites/smoke.txt",
    "convergent/cases/suites/sources.txt",
    "convergent/harness/known.toml",
    "convergent/reports/picture/page.css",
    "convergent/reports/picture/picture.css",
    "convergent/reports/picture/picture.js",
    "convergent/reports/template.html.j2",
)


def main(folder: Path) -> None:
    """Check the one wheel in ``folder``."""
    (wheel,) = folder.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for part in PARTS:
        assert f"convergent/{part}/__init__.py" in names, part
        assert f"convergent/{part}/py.typed" in names, part
    for name in DATA:
        assert name in names, name
    outside = [n for n in names if not n.startswith(("convergent/", "convergent-", PLUGIN))]
    assert not outside, outside
    assert PLUGIN in names, "pytest would rewrite whatever it finds"
    assert "convergent/__init__.py" not in names, "it would hide the other parts"
    with tempfile.TemporaryDirectory() as elsewhere:
        _run_from(Path(elsewhere), wheel.resolve())
    print(f"{wheel.name}: {len(names)} files, installed and run")


def _run_from(elsewhere: Path, wheel: Path) -> None:
    venv.create(elsewhere / "venv", with_pip=True)
    binaries = elsewhere / "venv" / "bin"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=elsewhere, env=environment)

    run(str(binaries / "pip"), "install", "-q", str(wheel))
    run(str(binaries / "convergent"), "--version")
    run(str(binaries / "python"), "-m", "convergent", "list", "suites")
    # With no framework installed the main job still runs: SciPy against the oracle.
    run(str(binaries / "convergent"), "run", "--suite", "smoke")
    assert (elsewhere / "convergent-report" / "report.html").stat().st_size > 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
