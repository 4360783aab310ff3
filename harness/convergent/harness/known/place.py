"""Where an entry of a ledger can be shown: in which version, and in which mode."""

from __future__ import annotations

import contextlib

from packaging.version import InvalidVersion, Version

from convergent.backends import naming, registry
from convergent.backends.naming import Name
from convergent.cases.errors import BackendUnavailable, UnknownBackend
from convergent.cases.features import FEATURES
from convergent.harness import environment
from convergent.harness.envs import store
from convergent.harness.known.standing import Asked


def placed(one: Asked) -> Asked:
    """Return what is asked, where it can be shown: of a version, and in a mode, that has it."""
    try:
        return _in_mode(_in_version(one))
    except (UnknownBackend, BackendUnavailable):
        return one


def _in_version(one: Asked) -> Asked:
    """Return what is asked of the newest version that the entry is about, if not of this one."""
    if registry.variant(one.variant).source is not None:
        return one
    here = registry.version(one.variant)
    if here is not None and one.entry.speaks_of(here):
        return one
    past = [name for name in built(one.variant) if one.entry.speaks_of(name.version)]
    return _by(one, str(past[-1])) if past else one


def _in_mode(one: Asked) -> Asked:
    """Return what is asked in a mode whose kernels are those of the processors it is about."""
    variant, name = registry.variant(one.variant), naming.split(one.variant)
    wanted = set(one.entry.when) - set(FEATURES)
    if wanted <= variant.traits:
        return one
    for mode in variant.backend.modes:
        modes = "+".join(filter(None, [name.modes, mode.name]))
        tried = str(Name(backend=name.backend, version=name.version, python=name.python,
                         modes=modes))  # fmt: skip
        with contextlib.suppress(UnknownBackend):  # two that exclude each other
            found = registry.variant(tried)
            if wanted <= found.traits and environment.has(found.needs):
                return _by(one, found.name)
    return one


def _by(one: Asked, variant: str) -> Asked:
    return Asked(number=one.number, entry=one.entry, variant=variant)


def built(variant: str) -> list[Name]:
    """Return ``variant`` by each version that has an environment, oldest first."""
    modes = naming.split(variant).modes
    packages = registry.variant(variant).backend.packages
    found = []
    for there in store.every():
        name = naming.split(there.requirement)
        if name.backend in packages and _ordered(name.version) is not None:
            found.append(Name(backend=name.backend, version=name.version, modes=modes))
    return sorted(found, key=lambda name: _ordered(name.version) or Version("0"))


def _ordered(version: str) -> Version | None:
    try:
        return Version(version)
    except InvalidVersion:
        return None
