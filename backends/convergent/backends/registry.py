"""Which backends exist: the built-in ones and those that other packages bring.

A third party adds a backend with an entry point of the group ``convergent.backends``.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

from convergent.backends import variant as variants
from convergent.backends.base import Backend
from convergent.backends.variant import Variant
from convergent.cases.errors import BackendUnavailable, UnknownBackend

BUILT_IN = {
    "scipy": "convergent.backends.scipy:SciPy",
    "torch": "convergent.backends.torch:Torch",
    "tensorflow": "convergent.backends.tensorflow:TensorFlow",
    "jax": "convergent.backends.jax:Jax",
}
GROUP = "convergent.backends"


def names() -> list[str]:
    """Return the names of all registered backends, built-in ones first."""
    return [*BUILT_IN, *sorted(set(_third_party()) - set(BUILT_IN))]


def get(name: str) -> type[Backend]:
    """Return the adapter class called ``name``; the framework itself is not imported.

    Raises ``UnknownBackend`` for a name that nobody registered, ``BackendUnavailable`` for an
    adapter that does not load.
    """
    target = BUILT_IN.get(name) or _third_party().get(name)
    if target is None:
        raise UnknownBackend(f"no backend is called {name!r}; there are {', '.join(names())}")
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever somebody else's module may raise
        raise BackendUnavailable(
            f"the adapter {target} of {name} does not load: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Backend)):
        raise BackendUnavailable(f"the adapter {target} of {name} is no Backend")
    return found


def variant(name: str) -> Variant:
    """Return the variant called ``name``: a backend, or ``backend:mode+mode``.

    Raises ``UnknownBackend`` for a backend or a mode that nobody registered, ``BackendUnavailable``
    for an adapter that does not load.
    """
    backend, _, words = name.partition(":")
    return variants.make(get(backend), words)


def version(name: str) -> str | None:
    """Return the installed version of the framework of a variant, without importing it."""
    name = name.partition(":")[0]
    try:
        packages = get(name).packages
    except BackendUnavailable:
        if name in BUILT_IN:  # a fault of ours is no missing framework
            raise
        return None
    found = (_version_of(package) for package in packages)
    return next((version for version in found if version is not None), None)


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _third_party() -> dict[str, str]:
    points = importlib.metadata.entry_points()
    if sys.version_info >= (3, 10):
        return {point.name: point.value for point in points.select(group=GROUP)}
    return {point.name: point.value for point in points.get(GROUP, ())}
