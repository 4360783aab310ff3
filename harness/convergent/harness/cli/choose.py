"""What commands have in common: which variants to run, and reading cases from arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from convergent.backends import registry
from convergent.backends.variant import Variant
from convergent.cases.case import Case
from convergent.cases.errors import BackendUnavailable, InvalidCase, InvalidShard
from convergent.cases.text import parse
from convergent.harness import environment
from convergent.harness.shard import Shard

_WEEK = 7 * 24 * 3600


class CaseType(click.ParamType[Case]):
    """A case by its one-line name."""

    name = "case"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Case:
        """Return the case, or fail with the part of the line that is at fault."""
        if isinstance(value, Case):
            return value
        try:
            return parse(value)
        except InvalidCase as error:
            self.fail(str(error), param, ctx)


class SecondsType(click.FloatRange):
    """A time limit: finite, so that every wait ends."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the limit in seconds, or fail for what is none."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return float(seconds)


class DurationType(click.ParamType[float]):
    """A time as people write it: ``90s``, ``10m``, ``1h30m``; a number alone is seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail for what is no time from a second to a week."""
        if isinstance(value, float):
            return value
        parts = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s?)?", value, re.ASCII)
        if parts is None:
            self.fail(f"{value!r} is no time; write it like 90s, 10m or 1h30m", param, ctx)
        hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        total = float(hours * 3600 + minutes * 60 + seconds)
        if not 1 <= total <= _WEEK:
            self.fail(f"{value!r} is not between 1s and {_WEEK // 3600}h", param, ctx)
        return total


class ShardType(click.ParamType[Shard]):
    """A part of a run, as ``2/4``."""

    name = "shard"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Shard:
        """Return the shard, or fail for text that names none."""
        if isinstance(value, Shard):
            return value
        try:
            return Shard.parse(value)
        except InvalidShard as error:
            self.fail(str(error), param, ctx)


class SizeType(click.ParamType[int]):
    """An amount of memory as people write it: ``8G``, ``512M``; a number alone is bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail for what is no amount of memory."""
        if isinstance(value, int):
            return value
        parts = re.fullmatch(r"(\d{1,15})([KMGT]?)(?:i?B)?", value, re.ASCII | re.IGNORECASE)
        if parts is None:
            self.fail(f"{value!r} is no amount of memory; write it like 8G or 512M", param, ctx)
        return int(parts[1]) << (10 * " KMGT".index(parts[2].upper() or " "))


CASE = CaseType()
DURATION = DurationType()
SHARD = ShardType()
SIZE = SizeType()
SECONDS = SecondsType(0.1, 86_400)
FILE = click.Path(path_type=Path)
FILE_HELP = "A file of cases: case lines, JSON lines or benchdnn's; repeat."


def complete(
    names: Callable[[], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what tells a shell which of ``names`` begin as an argument does."""
    return lambda _ctx, _param, begun: [name for name in names() if name.startswith(begun)]


def read(files: tuple[Path, ...]) -> list[Case]:
    """Return the cases of ``files`` and say on standard error what was read.

    Raises ``InvalidCase`` for a file that cannot be read, holds something else, or no case.
    """
    from convergent.cases import foreign

    cases: list[Case] = []
    for file in files:
        found = foreign.read(file)
        for line in found.summary():
            click.echo(line, err=True)
        if not found.cases:
            raise InvalidCase(
                f"{file} holds no case (a line such as conv2d:i5_k3, JSON, benchdnn's)"
            )
        cases += found.cases
    return list(dict.fromkeys(cases))


def variants(asked: tuple[str, ...], *, every: bool = False) -> tuple[str, ...]:
    """Return the variants to run: those asked for, or every backend that is installed.

    With ``every``, all variants that a backend declares and this machine can run. Raises
    ``UnknownBackend`` for a name that is none, ``BackendUnavailable`` for one not installed.
    """
    from convergent.harness import envs

    names = asked or tuple(name for name in registry.names() if registry.version(name))
    found = []
    for name in names:
        variant = registry.variant(name)
        _see_installed(variant)
        found.append(variant.name)
        if every and not variant.modes:
            found += [v.name for v in declared(name) if environment.has(v.needs)]
    # Nothing is built, which takes minutes, for a command of which another variant is not there.
    envs.ensure(found, lambda line: click.echo(line, err=True))
    return tuple(dict.fromkeys(found))


def _see_installed(variant: Variant) -> None:
    """See that a variant's framework is there, unless an environment is to be built of it."""
    from convergent.harness import envs

    backend, source = variant.backend.name, variant.source
    if source and source.version:
        return
    if source and envs.version(variant.name) is None:
        names = " or ".join(variant.backend.packages)
        raise BackendUnavailable(f"{source.python} has no {backend}; install {names} there")
    if source is None and registry.version(backend) is None:
        raise BackendUnavailable(f"{backend} is not installed in this environment; {way(backend)}")


def declared(name: str) -> list[Variant]:
    """Return the variants of a backend, or of a version of it, that a run of all includes."""
    words = registry.variant(name).backend.variants
    return [registry.variant(f"{name}:{word}" if word else name) for word in words]


def missing() -> list[str]:
    """Return the built-in backends whose framework is not installed."""
    return [name for name in registry.BUILT_IN if registry.version(name) is None]


def way(name: str) -> str:
    """Say how a backend is added."""
    if name in registry.BUILT_IN:
        return f'pip install "convergent[{name}]"'
    try:
        return "install " + " or ".join(registry.get(name).packages)
    except BackendUnavailable as error:
        return str(error)
