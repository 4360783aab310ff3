"""A file of cases, or a file of batches of files: which line is what, and where it is wrong."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from convergent.cases import text
from convergent.cases.errors import InvalidCase
from convergent.cases.foreign import jsonl
from convergent.cases.foreign.batch import Batch
from convergent.cases.foreign.reading import Reading
from convergent.cases.foreign.row import load, unknown
from convergent.cases.foreign.source import lines, quoted

MAX_DEPTH = 16
MAX_FILES = 1000
_CASE_LINE = re.compile(r"conv\w*:", re.ASCII)
_LONGEST_CASE = 500


def read(path: Path) -> Reading:
    """Return the cases of ``path`` and what to tell of it.

    Raises ``InvalidCase`` naming the file and the line of what names no case.
    """
    reader = _Reader(path)
    reader.file(path)
    return reader.reading


class _Reader:
    """Reads one file and the batch files that it includes, under one state of options."""

    def __init__(self, path: Path) -> None:
        self.reading = Reading(str(path))
        deconv = path.parent.name == "deconv" or "deconv" in path.name
        self._batch = Batch(self.reading, deconv=deconv)
        self._by_name = deconv
        self._open: list[Path] = []
        self._files = 0

    def file(self, path: Path) -> None:
        """Read ``path``, the first one or one that is included."""
        self._enter(path)
        words: list[tuple[int, str]] = []
        continued = False
        for number, whole in lines(path, regular=len(self._open) > 1):
            line = whole.strip()
            if not line or line.startswith("#"):
                continue
            if not continued and (line.startswith("{") or _CASE_LINE.match(line)):
                self._words(path, words)
                with _at(path, number):
                    self._row(line)
            else:
                continued = _split(line, number, words, continued=continued)
        self._words(path, words)
        self._open.pop()

    def _enter(self, path: Path) -> None:
        try:
            real = Path(os.path.realpath(path))
        except ValueError as error:
            raise InvalidCase(f"{quoted(str(path))} cannot be read: {error}") from error
        if real in self._open:
            raise InvalidCase(f"{path} includes itself; take --batch={path.name} out")
        self._files += 1
        if len(self._open) >= MAX_DEPTH or self._files > MAX_FILES:
            limit = f"{MAX_DEPTH} deep or {MAX_FILES} in all"
            raise InvalidCase(f"{path}: more batch files than {limit}; give them one by one")
        self._open.append(real)

    def _row(self, line: str) -> None:
        self.reading.rows += 1
        if not line.startswith("{"):
            said = line.partition("#")[0].strip()
            if len(said) > _LONGEST_CASE:
                raise InvalidCase(f"{quoted(said)} is too long for a case line")
            self.reading.add(text.parse(said))
            return
        row = load(line)
        self.reading.ignored.update(unknown(row))
        reason = jsonl.beyond(row)
        if reason:
            self.reading.skipped[reason] += 1
            return
        self.reading.add(jsonl.case(row))
        if row.get("unbatched"):
            self.reading.taken["unbatched as a batch of one"] += 1

    def _words(self, path: Path, words: list[tuple[int, str]]) -> None:
        """Take the words of benchdnn's so far, in their order, and forget them."""
        for number, word in words:
            with _at(path, number):
                if word.startswith("--batch="):
                    self.file(self._found(path, word[len("--batch=") :]))
                elif self._batch.option(word):
                    self._by_name = self._by_name and word not in ("--conv", "--deconv")
                else:
                    self._batch.add(word)
                    if self._by_name and self._batch.deconv:
                        self.reading.taken["as deconvolution, which the file's name says"] += 1
        words.clear()

    def _found(self, path: Path, name: str) -> Path:
        """Return the batch file ``name``: beside ``path``, or beside a file that includes it."""
        folders = [path.parent, *(real.parent for real in reversed(self._open))]
        for folder in folders:
            with contextlib.suppress(OSError, ValueError):
                if name and (folder / name).exists():
                    return folder / name
        raise InvalidCase(f"no batch file {quoted(name)} beside {path.name}; copy it there")


def _split(line: str, number: int, words: list[tuple[int, str]], *, continued: bool) -> bool:
    """Append the words of ``line``; return whether the last goes on with the next line's first.

    As in a shell a word that ends with a backslash is continued, and one of a backslash alone
    continues the word before it.
    """
    for part in line.split():
        if part.startswith("#"):
            break
        word, more = (part[:-1], True) if part.endswith("\\") else (part, False)
        if continued and words:
            first, before = words.pop()
            words.append((first, before + word))
        elif word:
            words.append((number, word))
        continued = more
    return continued


@contextlib.contextmanager
def _at(path: Path, number: int) -> Iterator[None]:
    try:
        yield
    except InvalidCase as error:
        raise InvalidCase(f"{path}, line {number}: {error}") from error
