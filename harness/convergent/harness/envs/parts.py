"""This project as another environment's worker imports it: itself, and nothing that lies beside it.

A worker in another environment needs the worker's side of this project, which needs NumPy alone.
Where this project is installed, its folder holds the frameworks of this environment too, and on
``PYTHONPATH`` they would win over the other one's: a version compared with itself. So a folder of
links to this project's parts alone is put there.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import tempfile
from pathlib import Path

import platformdirs

from convergent.backends import registry


def source_roots() -> list[Path]:
    """Return the folders that hold the parts of the namespace package ``convergent``."""
    return [Path(path).parent for path in importlib.import_module("convergent").__path__]


def roots_alone(backend: str) -> list[Path]:
    """Return folders that hold this project and the adapter of ``backend``, nothing else."""
    return [_linked(part) for part in (*_parts(), *_adapter(backend))]


def adapter(backend: str) -> dict[str, str]:
    """Return the variable that tells a worker of an adapter which no package there announces."""
    if backend in registry.BUILT_IN:
        return {}
    return {registry.ADAPTER: f"{backend}={registry.where(backend)}"}


def _parts() -> list[Path]:
    return [root / "convergent" for root in source_roots()]


def _adapter(backend: str) -> list[Path]:
    """Return the module or package that holds a third party's adapter."""
    if backend in registry.BUILT_IN:
        return []
    top = registry.where(backend).partition(":")[0].partition(".")[0]
    if top == "convergent":
        return []
    found = importlib.util.find_spec(top)
    if found is None:
        return []
    if found.submodule_search_locations:
        return [Path(place) for place in found.submodule_search_locations]
    return [Path(found.origin)] if found.origin else []


def _linked(part: Path) -> Path:
    """Return a folder that holds a link to ``part`` and nothing else."""
    key = hashlib.blake2b(os.fsencode(part), digest_size=8).hexdigest()
    folder = platformdirs.user_cache_path("convergent") / "links" / key
    link = folder / part.name
    if not link.is_symlink() or link.readlink() != part:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            made = Path(aside) / part.name
            made.symlink_to(part)
            made.replace(link)
    return folder
