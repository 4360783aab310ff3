"""The lines of a file that nobody vouches for: bounded, decoded, without NUL bytes."""

from __future__ import annotations

import codecs
import errno
from collections.abc import Iterator
from pathlib import Path

from convergent.cases.errors import InvalidCase

MAX_BYTES = 64 << 20
MAX_LINE = 20_000
_SHOWN = 60


def lines(path: Path, *, regular: bool = False) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of ``path``, without their ends.

    ``regular`` refuses what is no plain file, such as a device or a pipe: for a name that came out
    of another file. Raises ``InvalidCase`` naming the file and the line.
    """
    data = _content(path, regular=regular)
    # Only "\n" ends a line, as editors count; str.splitlines knows nine more ends.
    for number, line in enumerate(data.split(b"\n"), start=1):
        if len(line) > MAX_LINE:
            raise InvalidCase(
                f"{path}, line {number}: {len(line)} bytes long, more than {MAX_LINE}; "
                f"write one case a line"
            )
        if b"\0" in line:
            raise InvalidCase(f"{path}, line {number}: holds a NUL byte; give a file of text")
        try:
            yield number, line.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError as error:
            raise InvalidCase(
                f"{path}, line {number}: no UTF-8 at byte {error.start + 1}; save it as UTF-8"
            ) from error


def quoted(text: str) -> str:
    """Return ``text`` in quotes, escaped and cut to what a message can show."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _content(path: Path, *, regular: bool) -> bytes:
    try:
        if regular and not path.is_file():  # a pipe without a writer would block
            raise OSError(errno.EINVAL, "no plain file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidCase(f"{path} cannot be read ({reason}); give a file of cases") from error
    if len(data) > MAX_BYTES:
        raise InvalidCase(f"{path} is larger than {MAX_BYTES >> 20} MiB; split it")
    return data.removeprefix(codecs.BOM_UTF8)
