"""Which backends exist: the built-in ones and those that other packages bring.

A third party adds a backend with an entry point of the group ``convergent.backends``.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import os
import sys

from convergent.backends import naming
from convergent.backends import variant as variants
from convergent.backends.base import Backend
from convergent.backends.naming import Name
from convergent.backends.variant import Variant
from convergent.cases.errors import BackendUnavailable, UnknownBackend

BUILT_IN = {
    "scipy": "convergent.backends.scipy:SciPy",
    "torch": "convergent.backends.torch:Torch",
    "tensorflow": "convergent.backends.tensorflow:TensorFlow",
    "jax": "convergent.backends.jax:Jax",
}
GROUP = "convergent.backends"
ADAPTER = "CONVERGENT_ADAPTER"
"""The variable that tells a worker in another environment of a third party's adapter."""


def names() -> list[str]:
    """Return the names of all registered backends, built-in ones first."""
    return [*BUILT_IN, *sorted(set(_third_party()) - set(BUILT_IN))]


def get(name: str) -> type[Backend]:
    """Return the adapter class called ``name``; the framework itself is not imported.

    Raises ``UnknownBackend`` for a name that nobody registered, ``BackendUnavailable`` for an
    adapter that does not load.
    """
    target = where(name)
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


def where(name: str) -> str:
    """Return ``module:Class`` of the adapter called ``name``. Raises ``UnknownBackend``."""
    target = BUILT_IN.get(name) or _third_party().get(name)
    if target is None:
        raise UnknownBackend(f"no backend is called {name!r}; there are {', '.join(names())}")
    return target


def variant(name: str) -> Variant:
    """Return the variant called ``name``: ``backend``, ``backend:mode+mode``, ``backend==1.2.3``.

    Raises ``UnknownBackend`` for a backend or a mode that nobody registered, ``BackendUnavailable``
    for an adapter that does not load.
    """
    asked = naming.split(name)
    backend = get(backend_of(name))
    if asked.version and asked.backend not in backend.packages:
        asked = Name(backend=backend.packages[0], version=asked.version, modes=asked.modes)
    return variants.make(backend, asked)


@functools.lru_cache(1024)
def backend_of(name: str) -> str:
    """Return the backend of a variant's name, which may say a distribution of it instead.

    >>> backend_of("tensorflow-cpu==2.20.0:xla"), backend_of("torch@/usr/bin/python3")
    ('tensorflow', 'torch')

    What names no backend is returned as it stands: a run file may come from anywhere.
    """
    try:
        asked = naming.split(name)
    except UnknownBackend:
        return name.partition(":")[0]
    if asked.version or asked.python:
        return _holds(asked.backend)
    return asked.backend


@functools.lru_cache(1024)
def plain(name: str) -> str:
    """Return a variant's name without its version and interpreter: ``tensorflow:xla``."""
    try:
        modes = naming.split(name).modes
    except UnknownBackend:
        return name
    backend = backend_of(name)
    return f"{backend}:{modes}" if modes else backend


def version(name: str) -> str | None:
    """Return the version of a variant's framework that is installed here, without importing it."""
    try:
        packages = get(backend_of(name)).packages
    except BackendUnavailable:
        if name in BUILT_IN:  # a fault of ours is no missing framework
            raise
        return None
    found = (_version_of(package) for package in packages)
    return next((version for version in found if version is not None), None)


@functools.cache
def _holds(distribution: str) -> str:
    """Return the backend that is called so, or whose framework the distribution holds."""
    every = names()
    if distribution in every:
        return distribution
    for name in every:
        with contextlib.suppress(BackendUnavailable):
            if distribution in get(name).packages:
                return name
    return distribution


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _third_party() -> dict[str, str]:
    told = os.environ.get(ADAPTER, "")
    points = importlib.metadata.entry_points()
    if sys.version_info >= (3, 10):
        found = {point.name: point.value for point in points.select(group=GROUP)}
    else:
        found = {point.name: point.value for point in points.get(GROUP, ())}
    return {**found, **dict([told.split("=", 1)] if "=" in told else [])}
