"""The name of a variant: which backend, from where, in which modes.

======================================  =================================================
``torch``                               as installed beside this project
``torch:no_onednn+threads1``            in two modes
``torch==2.12.1``                       of that version, in an environment of its own
``tensorflow-cpu==2.20.0:xla``          the distribution says which backend it is
``jax@/opt/nightly/bin/python:jit``     as that interpreter finds it
======================================  =================================================

>>> split("jax==0.9.2:jit")
Name(backend='jax', version='0.9.2', python='', modes='jit')
>>> split("torch@/opt/nightly/bin/python:compile").python
'/opt/nightly/bin/python'
"""

from __future__ import annotations

import re

from convergent.cases.errors import UnknownBackend
from convergent.cases.record import record

_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*")


@record
class Name:
    """The parts of a variant's name; ``backend`` is the distribution where that was named."""

    backend: str
    version: str = ""
    python: str = ""
    modes: str = ""

    def __str__(self) -> str:
        """Return the name that has these parts."""
        return f"{self.requirement}{':' if self.modes else ''}{self.modes}"

    @property
    def requirement(self) -> str:
        """The name without modes: what an environment is made for."""
        if self.version:
            return f"{self.backend}=={self.version}"
        return f"{self.backend}@{self.python}" if self.python else self.backend


def split(text: str) -> Name:
    """Return the parts of a variant's name, without asking whether there is such a backend.

    Raises ``UnknownBackend`` for a version that is none and an interpreter without a path.
    """
    head, at, python = text.partition("@")
    if at:
        path, colon, modes = python.rpartition(":")
        if not colon or "/" in modes:  # the colon is a part of the path
            path, modes = python, ""
        if not path:
            raise UnknownBackend(f"{text!r} names no interpreter; write {head}@/path/to/python")
        return Name(backend=head, python=path, modes=modes)
    head, colon, modes = text.partition(":")
    backend, equal, version = head.partition("==")
    if equal and not _VERSION.fullmatch(version):
        raise UnknownBackend(f"{version!r} of {text!r} is no version; write {backend}==1.2.3")
    if colon and not modes:
        raise UnknownBackend(f"{text!r} names no mode after the colon")
    return Name(backend=backend, version=version, modes=modes)
