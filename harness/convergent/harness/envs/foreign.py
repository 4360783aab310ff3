"""An interpreter that somebody else set up: what it is, and what it has installed."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess

import msgspec

from convergent.cases.errors import BackendUnavailable

OLDEST = (3, 9)
_LIMIT = 60.0  # seconds for starting an interpreter

_ASK = """
import importlib.metadata, json, sys
print(json.dumps({
    "executable": sys.executable,
    "version": list(sys.version_info[:3]),
    "packages": {d.metadata["Name"].lower().replace("_", "-"): d.version
                 for d in importlib.metadata.distributions() if d.metadata["Name"]},
}))
"""


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """A Python: the path that starts it, its version and its distributions."""

    executable: str
    version: tuple[int, int, int]
    packages: dict[str, str]

    @property
    def version_text(self) -> str:
        """``3.11.7``."""
        return ".".join(map(str, self.version))


@functools.cache
def look(path: str) -> Interpreter:
    """Return what the interpreter at ``path``, or of that name on ``PATH``, is.

    Raises ``BackendUnavailable`` for what is no Python, or one that is too old.
    """
    found = shutil.which(os.path.expanduser(path))  # noqa: PTH111 - a Path loses the ./
    if found is None:
        raise BackendUnavailable(f"{path} is no interpreter that can be run")
    try:
        said = subprocess.run(
            [found, "-I", "-c", _ASK], capture_output=True, text=True, check=False, timeout=_LIMIT
        )
        told = json.loads(said.stdout)
        whole = Interpreter(
            executable=told["executable"],
            version=tuple(told["version"]),
            packages=told["packages"],
        )
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
        raise BackendUnavailable(f"{path} is no Python: it does not answer as one does") from error
    if whole.version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise BackendUnavailable(
            f"{path} is Python {whole.version_text}; a worker needs {oldest} or newer"
        )
    return whole


def version(path: str, packages: tuple[str, ...]) -> str | None:
    """Return the version of the first of ``packages`` that the interpreter has."""
    there = look(path).packages
    return next((there[name] for name in packages if name in there), None)
