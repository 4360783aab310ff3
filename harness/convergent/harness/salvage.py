"""Reading a run file that may be damaged: every line that can be read, and why others cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from convergent.cases.errors import RunFileDamaged
from convergent.harness.record import SCHEMA, Header, Line, see_regular

LONGEST = 16 << 20  # bytes of a line; a longer one is none of ours


class Damage(NamedTuple):
    """A line that cannot be used."""

    path: Path
    number: int
    reason: str

    def __str__(self) -> str:
        """Return ``FILE:LINE: reason``."""
        return f"{self.path}:{self.number}: {self.reason}"


class Found(NamedTuple):
    """A line of a run file and where it begins, in bytes."""

    line: Line
    number: int
    offset: int


def lines(path: Path) -> Iterator[Found | Damage]:
    """Yield the lines of a run file, one in memory at a time.

    Raises ``RunFileDamaged`` for a file that cannot be read or is of another schema.
    """
    see_regular(path)
    decoder = msgspec.json.Decoder(Line)
    try:
        with path.open("rb") as file:
            offset = 0
            for number, text in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
                length = len(text) + _skip(file, text)
                yield _decoded(decoder, path, number, offset, text)
                offset += length
    except OSError as error:
        raise RunFileDamaged(f"{path} cannot be read: {error.strerror}") from error


def at(file: BinaryIO, offset: int) -> bytes:
    """Return the line that begins there."""
    file.seek(offset)
    return file.readline(LONGEST).rstrip(b"\n")


def _decoded(
    decoder: msgspec.json.Decoder[Line], path: Path, number: int, offset: int, text: bytes
) -> Found | Damage:
    try:
        line = decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if len(text) == LONGEST:
            return Damage(path, number, f"a line of more than {LONGEST >> 20} MiB")
        if not text.endswith(b"\n"):
            return Damage(path, number, "cut short")
        return Damage(path, number, " ".join(str(error).split()))
    if isinstance(line, Header) and line.schema != SCHEMA:
        raise RunFileDamaged(f"{path} has schema {line.schema}, this version reads {SCHEMA}")
    return Found(line, number, offset)


def _skip(file: BinaryIO, text: bytes) -> int:
    """Skip what is left of a line that is too long, and return how many bytes that were."""
    skipped = 0
    while len(text) == LONGEST and not text.endswith(b"\n"):
        text = file.readline(LONGEST)
        skipped += len(text)
    return skipped
