"""A backend as it is run: ``torch``, ``torch==2.12.1:no_onednn``, ``tensorflow:xla+threads1``."""

from __future__ import annotations

import fnmatch
import functools
import os
from collections.abc import Mapping

from convergent.backends.base import Backend, Gap, Method
from convergent.backends.modes import Mode
from convergent.backends.naming import Name
from convergent.cases.case import Case
from convergent.cases.errors import UnknownBackend
from convergent.cases.record import record


@record
class Variant:
    """A backend's class and the modes that are on, in the order of their declaration.

    ``source`` is the distribution with its version, or the interpreter, that was asked for: the
    framework that is installed beside this project if neither was.
    """

    backend: type[Backend]
    modes: tuple[Mode, ...] = ()
    source: Name | None = None

    @property
    def name(self) -> str:
        """``torch``, ``torch:no_onednn+threads1`` or ``tensorflow-cpu==2.20.0:xla``."""
        if self.source is None:
            return self.plain
        words = self.plain.partition(":")[2]
        return f"{self.source.requirement}:{words}" if words else self.source.requirement

    @property
    def plain(self) -> str:
        """The name wherever the framework comes from: ``tensorflow:xla``."""
        words = "+".join(mode.name for mode in self.modes)
        return f"{self.backend.name}:{words}" if words else self.backend.name

    @property
    def needs(self) -> frozenset[str]:
        """What not every machine has and this variant needs."""
        return frozenset(mode.needs for mode in self.modes if mode.needs)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the modes set; they win over the user's."""
        return _environment(self.modes)

    @property
    def traits(self) -> frozenset[str]:
        """The words of its modes, and those of the machine that decide which kernels it has."""
        return _traits(self.backend, self.modes)

    def methods(self) -> Mapping[str, Method]:
        """Return the methods by ``op/method``."""
        return self.backend.methods()

    def gap(self, key: str, case: Case, traits: frozenset[str] | None = None) -> Gap | None:
        """Return the declared gap that keeps ``op/method`` from doing ``case``, if any.

        ``traits`` are this variant's, of a caller who has them already.
        """
        spoken = _gaps(self.backend, key)
        if not spoken:
            return None
        has = self.traits if traits is None else traits
        return next((gap for gap in spoken if gap.holds_for(case, has)), None)


def make(backend: type[Backend], name: Name) -> Variant:
    """Return the variant of ``backend`` that has the modes and the source of ``name``.

    Raises ``UnknownBackend`` for a mode that it has not, or for two that exclude each other.
    """
    known = {mode.name: mode for mode in backend.modes}
    asked = name.modes.split("+") if name.modes else []
    for word in asked:
        if word not in known:
            there = ", ".join(known) or "none"
            raise UnknownBackend(f"{backend.name} has no mode {word!r}; its modes are: {there}")
    modes = tuple(mode for mode in backend.modes if mode.name in asked)
    groups = [mode.group for mode in modes if mode.group]
    for group in set(groups):
        if groups.count(group) > 1:
            both = " and ".join(mode.name for mode in modes if mode.group == group)
            raise UnknownBackend(f"{backend.name}: the modes {both} exclude each other")
    source = name if name.version or name.python else None
    return Variant(backend=backend, modes=modes, source=source)


@functools.cache
def _gaps(backend: type[Backend], key: str) -> tuple[Gap, ...]:
    """Return the gaps of ``backend`` that speak of ``op/method``, whatever the case."""
    return tuple(
        gap
        for gap in backend.gaps
        if any(fnmatch.fnmatchcase(key, pattern) for pattern in gap.methods)
    )


def _traits(backend: type[Backend], modes: tuple[Mode, ...]) -> frozenset[str]:
    words = frozenset(word for mode in modes for word in (mode.name, *mode.traits))
    return words | backend.traits({**os.environ, **_environment(modes)})


def _environment(modes: tuple[Mode, ...]) -> dict[str, str]:
    """Return the variables of ``modes``, ``{before}`` in a value filled in from left to right."""
    found: dict[str, str] = {}
    for mode in modes:
        for key, value in mode.environment:
            before = found.get(key, os.environ.get(key, ""))
            found[key] = value.replace("{before}", before).strip()
    return found
