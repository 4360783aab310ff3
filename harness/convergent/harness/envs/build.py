"""Building an environment: a virtual environment with one version of one framework.

A build that was killed left no ``ready.json``: it is begun anew as it was wished for, and what was
downloaded lies in the installer's own cache.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version

from convergent.backends import naming, registry
from convergent.cases.errors import CannotBuild, UnknownBackend
from convergent.harness import aside
from convergent.harness.envs import foreign, install, store
from convergent.harness.envs.store import Environment

_ALWAYS = ("numpy",)  # PyTorch does without it; the worker does not
_WISH = "wish.json"
_CONSTRAINT = "constraint.txt"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of an environment: see ``Environment``."""

    requirement: str
    python: str = ""  # the base interpreter; empty: this one's
    extra: tuple[str, ...] = ()
    constraint: str = ""
    installer: install.Choice = "auto"

    def is_granted_by(self, found: Environment) -> bool:
        """Say whether ``found`` was built as is asked for here."""
        return (
            found.base == install.base(self.python)
            and found.extra == self.extra
            and found.constraint == self.constraint
        )


def wish(text: str, **asked: object) -> Wish:
    """Return the wish for ``torch==2.12.1``, or for the environment of such a variant.

    Raises ``UnknownBackend`` for what names no backend or no version.
    """
    variant = registry.variant(naming.split(text).requirement)
    if variant.source is None or not variant.source.version:
        raise UnknownBackend(
            f"{text!r} names no version; write {variant.backend.packages[0]}==1.2.3, "
            "or run an interpreter of yours as "
            f"{variant.backend.name}@/path/to/python"
        )
    try:
        Version(variant.source.version)
    except InvalidVersion as error:
        raise UnknownBackend(f"{variant.source.version!r} of {text!r} is no version") from error
    return msgspec.convert({"requirement": variant.source.requirement, **asked}, Wish)


def add(asked: Wish, say: Callable[[str], None]) -> Environment:
    """Build an environment unless it is there as asked for, and return it.

    Waits for another process that builds the same one. Raises ``EnvironmentInUse`` if it has to be
    built anew while a run uses it, and ``CannotBuild`` with what the installer said.
    """
    found = store.find(asked.requirement)
    if found and asked.is_granted_by(found):
        return found
    with store.alone(asked.requirement, wait=found is None):
        found = store.find(asked.requirement)
        if found and asked.is_granted_by(found):
            return found
        if found:
            say(f"{asked.requirement} was built otherwise than is asked for now")
        return _build(asked, say)


def provide(requirement: str, say: Callable[[str], None]) -> Environment:
    """Return an environment, whatever was wished of it; build it where nobody has, as was wished.

    Waits for another process that builds it. Raises ``CannotBuild`` with what the installer said.
    """
    with store.alone(requirement, wait=True):
        found = store.find(requirement)
        return found or _build(wished(requirement) or wish(requirement), say)


def update(requirement: str, say: Callable[[str], None]) -> Environment:
    """Build an environment anew as it was wished for, with the newest of what it depends on.

    A build that was killed is brought to its end so. Raises ``EnvironmentInUse`` while a run uses
    it, and ``CannotBuild``.
    """
    asked = wished(requirement)
    if asked is None:
        raise CannotBuild(
            f"there is no environment of {requirement}; convergent env add {requirement}"
        )
    with store.alone(requirement):
        return _build(asked, say)


def wished(requirement: str) -> Wish | None:
    """Return what was asked of an environment, whether or not it was built to the end."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        found = msgspec.json.decode((store.folder(requirement) / _WISH).read_bytes(), type=Wish)
        return found if found.requirement == requirement else None
    return None


def _build(asked: Wish, say: Callable[[str], None]) -> Environment:
    base, tool = install.base(asked.python), install.tool(asked.installer)
    with _replaced(asked.requirement, say) as folder:
        return _made(asked, base, tool, folder, say)


def _made(
    asked: Wish, base: str, tool: install.Tool, folder: Path, say: Callable[[str], None]
) -> Environment:
    """Build an environment in its empty folder, and return it."""
    began = time.monotonic()
    say(f"building {asked.requirement} with {tool.name} in {folder}")
    aside.write(folder / _WISH, msgspec.json.format(msgspec.json.encode(asked)))
    constraint = folder / _CONSTRAINT if asked.constraint else None
    if constraint:
        constraint.write_text(asked.constraint)
    tool.create(folder, base)
    tool.install(folder, [asked.requirement, *_ALWAYS, *asked.extra], constraint)
    foreign.look.cache_clear()
    there = foreign.look(str(folder / "bin" / "python"))
    found = Environment(
        requirement=asked.requirement,
        base=base,
        python_version=there.version_text,
        installer=tool.name,
        extra=asked.extra,
        constraint=asked.constraint,
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        size=store.size(folder),
        packages=dict(sorted(there.packages.items())),
    )
    store.save(found)
    took = time.monotonic() - began
    say(f"built {asked.requirement} in {took:.0f} s: {found.size / 2**20:,.0f} MiB")
    return found


@contextlib.contextmanager
def _replaced(requirement: str, say: Callable[[str], None]) -> Iterator[Path]:
    """Give an empty folder; the environment that was there is back if no other comes of it."""
    folder, before = store.folder(requirement), store.before(requirement)
    if store.find(requirement) is not None:
        shutil.rmtree(before, ignore_errors=True)
        folder.rename(before)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        if before.exists():
            with contextlib.suppress(OSError):
                (folder / install.LOG).replace(before / install.LOG)
            shutil.rmtree(folder, ignore_errors=True)
            before.rename(folder)
            say(f"{requirement} stays as it was")
        raise
    shutil.rmtree(before, ignore_errors=True)
