"""The environments that were built: a folder each below the user's cache directory.

An environment is there once its ``ready.json`` is, which is written last and removed first: what a
kill left half built has none, and is gone on with. Who builds, changes or removes one holds its
lock alone; runs that use it share it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import platformdirs

from convergent.cases.errors import CannotBuild, EnvironmentInUse
from convergent.harness import aside

READY = "ready.json"
_used: dict[str, IO[str]] = {}  # locks that this process shares, by path, until it ends


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual environment of one version of one framework, as its ``ready.json`` has it.

    ``requirement`` is ``torch==2.12.1``; ``base`` the interpreter that it was made with, ``extra``
    and ``constraint`` what else was asked of it; ``packages`` what was installed, by name.
    """

    requirement: str
    base: str
    python_version: str
    installer: str
    extra: tuple[str, ...] = ()
    constraint: str = ""  # the text of the file
    created: str = ""
    size: int = 0  # bytes
    packages: dict[str, str] = {}

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return folder(self.requirement)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


def root() -> Path:
    """Return the folder of all environments: ``XDG_CACHE_HOME`` moves it."""
    return platformdirs.user_cache_path("convergent") / "envs"


def folder(requirement: str) -> Path:
    """Return the folder of ``torch==2.12.1``, whether or not it is there."""
    return root() / requirement


def before(requirement: str) -> Path:
    """Return where an environment is kept while another is built in its place."""
    return root() / f".{requirement.replace('==', '-')}.before"


def find(requirement: str) -> Environment | None:
    """Return the environment of ``requirement``, if it was built and its Python is still there."""
    try:
        found = msgspec.json.decode((folder(requirement) / READY).read_bytes(), type=Environment)
    except (OSError, msgspec.DecodeError):
        return None
    if found.requirement != requirement or not os.access(found.python, os.X_OK):
        return None
    return found


def every() -> list[Environment]:
    """Return the environments that are ready, by name."""
    return [found for _, found in _folders() if found is not None]


def unfinished() -> list[Path]:
    """Return the folders that a kill, or a Python that is gone, left without an environment."""
    return [path for path, found in _folders() if found is None]


def _folders() -> list[tuple[Path, Environment | None]]:
    paths = sorted(root().glob("*==*/")) if root().is_dir() else []
    return [(path, find(path.name)) for path in paths]


def save(found: Environment) -> None:
    """Say that an environment is ready: the last step of building it."""
    aside.write(found.folder / READY, msgspec.json.format(msgspec.json.encode(found)))


def remove(requirement: str) -> int:
    """Remove an environment, finished or not, and return the bytes that it took.

    Raises ``EnvironmentInUse`` while a run uses it.
    """
    with alone(requirement):
        path, old = folder(requirement), before(requirement)
        freed = size(path) + size(old)
        (path / READY).unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return freed


@contextlib.contextmanager
def alone(requirement: str, *, wait: bool = False) -> Iterator[None]:
    """Keep others out of an environment meanwhile; ``wait`` for another builder to end.

    Raises ``EnvironmentInUse`` where a run uses it, or without ``wait`` somebody builds it.
    """
    shared = _used.pop(str(_lock(requirement)), None)
    if shared:
        shared.close()
    with _lock(requirement).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise EnvironmentInUse(
                f"the environment of {requirement} is in use or being built; wait for that to end"
            ) from error
        yield


def use(requirement: str) -> None:
    """Keep an environment from being changed or removed for as long as this process runs."""
    path = _lock(requirement)
    if str(path) in _used:
        return
    lock = path.open("w")
    fcntl.flock(lock, fcntl.LOCK_SH)  # a builder that is at it ends first
    _used[str(path)] = lock


def _lock(requirement: str) -> Path:
    path = folder(requirement).with_name(f".{folder(requirement).name}.lock")
    try:
        root().mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise CannotBuild(
            f"{error.filename} cannot be written: {error.strerror}; "
            "XDG_CACHE_HOME names another place for environments"
        ) from error
    return path


def size(path: Path) -> int:
    """Return the bytes on the disk below ``path``, links not followed, hard links once."""
    seen: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                stat = os.lstat(os.path.join(place, name))  # noqa: PTH118 - 100,000 of them
                seen[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    return sum(seen.values())
