"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write ``content`` aside and move it to ``path``; what was there stays until then.

    It may be read and written by whom the file that was there could be. What a link names is
    replaced, not the link; a device or a pipe (``/dev/stdout``) is written to, never replaced.
    """
    write_all(path, [content])


def write_all(path: Path, parts: Iterable[bytes]) -> None:
    """Write ``parts`` one after another, as ``write`` does: they need not fit into memory."""
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(parts)
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else 0o644
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
        Path(aside).chmod(mode)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
