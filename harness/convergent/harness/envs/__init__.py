"""Where a variant's framework lives: beside this project, or in an environment of its own.

``torch==2.12.1`` runs in a virtual environment that is built once and kept in the user's cache
directory; ``torch@/path/to/python`` runs as that interpreter finds it. Either way the worker is
started with that interpreter and says what it loaded, and from which file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from packaging.version import InvalidVersion, Version

from convergent.backends import registry
from convergent.cases.errors import BackendUnavailable
from convergent.harness.envs import build, foreign, store


def interpreter(name: str) -> str:
    """Return the Python that runs a variant; its environment is not removed while this one runs.

    Raises ``BackendUnavailable`` if the environment was not built.
    """
    source = registry.variant(name).source
    if source is None:
        return sys.executable
    if source.python:
        return foreign.look(source.python).executable
    if store.find(source.requirement) is not None:
        store.use(source.requirement)
    found = store.find(source.requirement)  # not what was removed until it was used
    if found is None:
        raise BackendUnavailable(
            f"there is no environment of {source.requirement}; "
            f"convergent env add {source.requirement}"
        )
    return str(found.python)


def version(name: str) -> str | None:
    """Return the version of a variant's framework, without importing it; ``None`` without one."""
    variant = registry.variant(name)
    if variant.source is None:
        return registry.version(name)
    if variant.source.version:
        return variant.source.version
    return foreign.version(variant.source.python, variant.backend.packages)


def same_version(asked: str, loaded: str) -> bool:
    """Say whether two versions are one: ``2.13`` and ``2.13.0+cpu`` are; two local parts not."""
    try:
        one, other = Version(asked), Version(loaded)
    except InvalidVersion:
        return asked == loaded
    local = one.local == other.local or not (one.local and other.local)
    return local and Version(one.public) == Version(other.public)


def ensure(names: Iterable[str], say: Callable[[str], None]) -> None:
    """Build the environments that ``names`` need and nobody has built, one after another.

    Raises ``CannotBuild`` with what the installer said.
    """
    for name in names:
        source = registry.variant(name).source
        if source is None or not source.version:
            continue
        if store.find(source.requirement) is None:
            build.provide(source.requirement, say)


__all__ = ["ensure", "interpreter", "same_version", "version"]
