r"""Named lists of cases: text files of one case a line, in the folder ``suites``.

``#`` begins a comment, on a line of its own or after a case; the first comment lines of a file
describe its suite. The comments after the cases of ``regression`` are data (``cases.bugs``).

>>> [str(case) for case in read("conv1d:i8_k3  # short\n\nconv1d:i9_k3")]
['conv1d:i8_k3', 'conv1d:i9_k3']
"""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Callable, TypeVar

from convergent.cases import bugs
from convergent.cases.bugs import Bug
from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase, UnknownSuite
from convergent.cases.text import parse

_FOLDER = Path(__file__).with_name("suites")
_SUFFIX = ".txt"

_T = TypeVar("_T")


def names() -> list[str]:
    """Return the names of the suites there are, sorted."""
    return sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}"))


def load(name: str) -> list[Case]:
    """Return the cases of a suite in the order of its file, or raise ``UnknownSuite``."""
    return list(_cases(name))


def commented(name: str) -> list[tuple[Case, str]]:
    """Return the cases of a suite, each with the comment after it, or raise ``UnknownSuite``."""
    return _each(_text(name), f"{name}{_SUFFIX}", lambda case, comment: (case, comment))


def documented(name: str) -> list[Bug]:
    """Return the bugs that a suite documents, in the order of its file.

    Raises ``UnknownSuite``, and ``InvalidCase`` with the line whose comment documents no bug.
    """
    return _each(_text(name), f"{name}{_SUFFIX}", bugs.read)


def bug_of(case: Case) -> Bug | None:
    """Return the bug that the suite ``regression`` documents with ``case``, if there is one."""
    return _bugs().get(case)


def describe(name: str) -> str:
    """Return the first comment lines of a suite as one line, or raise ``UnknownSuite``."""
    lines = (line.strip() for line in _text(name).splitlines())
    first = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.lstrip("# ") for line in first)


def read(source: Path | str) -> list[Case]:
    """Return the cases of a file (a ``Path``) or of a text (a ``str``).

    Raises ``InvalidCase`` naming the file and the line of what names no case.
    """
    if isinstance(source, Path):
        try:
            return _read(source.read_text(encoding="utf-8"), str(source))
        except UnicodeDecodeError as error:
            raise InvalidCase(f"{source} is no text of case lines: {error}") from error
    return _read(source, "text")


def _read(text: str, where: str) -> list[Case]:
    return _each(text, where, lambda case, _: case)


def _each(text: str, where: str, make: Callable[[Case, str], _T]) -> list[_T]:
    made = []
    for number, line in enumerate(text.splitlines(), start=1):
        said, _, comment = line.partition("#")
        if not said.strip():
            continue
        try:
            made.append(make(parse(said), comment.strip()))
        except InvalidCase as error:
            raise InvalidCase(f"{where}, line {number}: {error}") from error
    return made


@functools.cache
def _bugs() -> dict[Case, Bug]:
    return {bug.case: bug for bug in documented("regression")}


@functools.cache
def _cases(name: str) -> tuple[Case, ...]:
    return tuple(_read(_text(name), f"{name}{_SUFFIX}"))


def _text(name: str) -> str:
    if name not in names():
        raise UnknownSuite(f"{name!r} is no suite; the suites are {', '.join(names())}")
    return (_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8")
