"""The installers: ``uv``, where it is there and pip has no settings, else ``venv`` and pip.

uv reads none of pip's settings (https://docs.astral.sh/uv/pip/compatibility/): an index or a
folder of wheels that somebody has set for pip would be passed over in silence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from convergent.cases.errors import CannotBuild
from convergent.harness.envs import foreign

Choice = Literal["auto", "uv", "pip"]
LOG = "install.log"
_TOLD_LINES = 6
_SAYS_WHY = re.compile(r"\s*error\b|\s*the user requested|\W*because ", re.IGNORECASE)
_HARMLESS = ("PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT", "PIP_PROGRESS_BAR", "PIP_NO_COLOR")


class Tool(Protocol):
    """What makes an environment and installs into it. Raises ``CannotBuild``."""

    name: str

    def create(self, folder: Path, base: str) -> None:
        """Make an empty environment in ``folder`` with the interpreter ``base``."""
        ...

    def install(self, folder: Path, requirements: Sequence[str], constraint: Path | None) -> None:
        """Install ``requirements`` into the environment in ``folder``."""
        ...


class Pip:
    """``python -m venv`` and the pip that it seeds, with all of pip's settings."""

    name = "pip"

    def create(self, folder: Path, base: str) -> None:
        """Make an empty environment in ``folder`` with the interpreter ``base``."""
        said = "Debian and Ubuntu: apt install python3-venv"
        _run([base, "-m", "venv", str(folder)], folder, said)

    def install(self, folder: Path, requirements: Sequence[str], constraint: Path | None) -> None:
        """Install ``requirements`` into the environment in ``folder``."""
        python = str(folder / "bin" / "python")
        limits = ["--constraint", str(constraint)] if constraint else []
        quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
        way = "pip's settings apply: see pip config list"
        if "PIP_CONSTRAINT" in os.environ:
            way = f"PIP_CONSTRAINT={os.environ['PIP_CONSTRAINT']} applies here too"
        command = [python, "-m", "pip", "install", *quiet, *limits, *requirements]
        _run(command, folder, way)


class Uv:
    """``uv``, with its own settings."""

    name = "uv"

    def __init__(self, path: str) -> None:
        self._path = path

    def create(self, folder: Path, base: str) -> None:
        """Make an empty environment in ``folder`` with the interpreter ``base``."""
        _run([self._path, "venv", "--allow-existing", "--python", base, str(folder)], folder)

    def install(self, folder: Path, requirements: Sequence[str], constraint: Path | None) -> None:
        """Install ``requirements`` into the environment in ``folder``."""
        python = str(folder / "bin" / "python")
        limits = ["--constraint", str(constraint)] if constraint else []
        command = [self._path, "pip", "install", "--python", python, *limits, *requirements]
        _run(command, folder, "uv's settings apply, not pip's; --installer pip uses those")


def tool(asked: Choice) -> Tool:
    """Return the installer that was asked for, or that fits. Raises ``CannotBuild`` without uv."""
    if asked == "pip":
        return Pip()
    found = shutil.which("uv")
    if asked == "uv" and found is None:
        raise CannotBuild("uv is not on PATH; install it, or use --installer pip")
    if found is None or (asked == "auto" and pip_is_set_up()):
        return Pip()
    return Uv(found)


def pip_is_set_up() -> bool:
    """Say whether somebody has told pip where to look or what to take: uv would not know."""
    if any(name.startswith("PIP_") and name not in _HARMLESS for name in os.environ):
        return True
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.returncode == 0 and any(line.strip() for line in said.stdout.splitlines())


def base(python: str) -> str:
    """Return the path of the interpreter that an environment is made with."""
    if python:
        word = f"python{python}" if python[:1].isdigit() else python
        return foreign.look(word).executable
    # The one below a virtual environment, which may be gone before the new one is.
    return str(Path(sys.executable if sys.prefix == sys.base_prefix else _below()).absolute())


def _below() -> str:
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    below = Path(sys.base_prefix, "bin", name)
    return str(below) if below.exists() else sys.executable


def _run(command: Sequence[str], folder: Path, way: str = "") -> None:
    """Run an installer's command; what it says goes to the log, and its end into the error."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with log.open("ab") as file:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False, env=clean
            )
        except OSError as error:
            raise CannotBuild(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        told = "\n".join(f"  {line}" for line in _gist(log.read_text(errors="replace")))
        raise CannotBuild(
            f"{' '.join(command[:4])} ... failed with status {done.returncode}"
            f"{f' ({way})' if way else ''}; {log} has all of it:\n{told}"
        )


def _gist(text: str) -> list[str]:
    """Return the lines that say what went wrong, or the last ones where none says so."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [line for line in lines if _SAYS_WHY.match(line)][:_TOLD_LINES] or lines[-_TOLD_LINES:]
