"""What goes over a worker's pipe: a JSON header and raw arrays, never a pickle.

A frame is ``CVG1``, two little-endian lengths (header ``uint32``, arrays ``uint64``), the header,
then the arrays' bytes one after another. The header's ``arrays`` gives each one's dtype and shape.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from convergent.cases.dtypes import Array
from convergent.cases.errors import WorkerLost

MAGIC = b"CVG1"
_LENGTHS = struct.Struct("<4sIQ")
HEAD = _LENGTHS.size
_MAX_HEADER = 1 << 24
_DTYPES = frozenset(
    np.dtype(kind).name
    for kind in "?bhilBHILefdFD"  # never objects, whatever a frame says
)


class Frame(NamedTuple):
    """A message: its header and its arrays."""

    header: dict[str, Any]
    arrays: list[Array]


def pack(header: dict[str, Any], arrays: Sequence[Array] = ()) -> bytes:
    """Return the bytes of one frame."""
    contiguous = [_plain(array) for array in arrays]
    described = [{"dtype": a.dtype.name, "shape": a.shape} for a in contiguous]
    text = json.dumps({**header, "arrays": described}).encode()
    body = b"".join(a.tobytes() for a in contiguous)
    return _LENGTHS.pack(MAGIC, len(text), len(body)) + text + body


def _plain(array: Any) -> Array:
    """Return an array of a plain dtype, contiguous and in this machine's byte order."""
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"a result has the dtype {array.dtype}, which no frame holds")
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native).reshape(array.shape)


def shapes(text: bytes) -> str:
    """Return the shapes that a header announces, for a message, or raise ``WorkerLost``."""
    try:
        described = json.loads(text)["arrays"]
        return ", ".join(f"shape {tuple(found['shape'])}" for found in described)
    except Exception as error:
        raise WorkerLost(f"garbage in a frame: {type(error).__name__}: {error}") from error


def size(head: bytes) -> tuple[int, int]:
    """Return the lengths of header and arrays, or raise ``WorkerLost`` if no frame starts so."""
    magic, header, body = _LENGTHS.unpack(head)
    if magic != MAGIC or header > _MAX_HEADER:
        raise WorkerLost(f"garbage on the pipe: {head[:16]!r}")
    return header, body


def unpack(text: bytes, body: bytes) -> Frame:
    """Return the frame of a header and its arrays' bytes, or raise ``WorkerLost``."""
    try:
        header = json.loads(text)
        arrays, start = [], 0
        for described in header.pop("arrays"):
            if described["dtype"] not in _DTYPES:
                raise ValueError(described["dtype"])
            dtype, shape = np.dtype(described["dtype"]), tuple(map(int, described["shape"]))
            count = math.prod(shape)
            arrays.append(np.frombuffer(body, dtype, count, start).reshape(shape))
            start += count * dtype.itemsize
        if start != len(body):
            raise ValueError(f"{len(body) - start} bytes too many")
    except Exception as error:
        raise WorkerLost(f"garbage in a frame: {type(error).__name__}: {error}") from error
    return Frame(header, arrays)


def receive(read: Any) -> Frame | None:
    """Read one frame with ``read(count)`` of a blocking stream; ``None`` at its end."""
    head = read(HEAD)
    if len(head) < HEAD:
        return None
    header, body = size(head)
    return unpack(read(header), read(body))
