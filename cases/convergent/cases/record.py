"""The one decorator for this project's plain data: frozen, slots, keyword-only.

The worker side runs on Python 3.9, whose dataclasses know neither ``slots`` nor ``kw_only``;
there the records are frozen and the rest is left to the newer interpreters of the referee.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

if sys.version_info >= (3, 11):
    from typing import dataclass_transform
else:

    def dataclass_transform(**_options: object):  # noqa: ANN201, D103
        return lambda decorator: decorator


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[_T]) -> type[_T]:
    """Make ``cls`` a frozen, slotted dataclass whose fields are given by keyword."""
    if sys.version_info >= (3, 10):
        return dataclass(frozen=True, slots=True, kw_only=True)(cls)
    return dataclass(frozen=True)(cls)
