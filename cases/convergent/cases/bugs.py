"""What the comment after a case says of a bug: where it was reported, its kind, what went wrong.

>>> from convergent.cases.text import parse
>>> bug = read(parse("conv2d:i5_k3_d2"), "https://github.com/a/b/issues/1 | crash | out of bounds")
>>> bug.kind, bug.project
('crash', 'a/b')
"""

from __future__ import annotations

import re

from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase
from convergent.cases.record import record

KINDS = {
    "wrong-value": "wrong numbers in a result of the right shape",
    "wrong-shape": "a result, or an inferred shape, of other sizes",
    "wrong-gradient": "wrong numbers in a gradient",
    "precision": "more rounding, or a narrower type, than the dtype promises",
    "nan": "NaN or infinity where there is none, or beyond its place",
    "nondeterminism": "other numbers from call to call",
    "memory": "reads or writes memory that is not its own, or leaves its own unwritten",
    "crash": "the process dies",
    "hang": "the call does not return",
    "refuses-legal": "an error for a problem that has an answer",
}
"""The kinds of bug, and what each means."""
UNREPORTED = "not reported before"

_URL = re.compile(r"https://[\w.-]+/([\w.-]+/[\w.-]+)/[\w./-]*\d", re.ASCII)
_FORM = "URL | KIND | WORDS"


@record
class Bug:
    """A case and the bug that it once showed, or shows.

    ``url`` is where it was reported or ``UNREPORTED``, ``kind`` one of ``KINDS``, ``remark`` what
    went wrong in a few words.
    """

    case: Case
    url: str
    kind: str
    remark: str

    @property
    def project(self) -> str:
        """The repository, as ``owner/name``, where it was reported, or nothing."""
        found = _URL.fullmatch(self.url)
        return found[1] if found else ""


def read(case: Case, comment: str) -> Bug:
    """Return the bug that ``comment`` documents with ``case``, or raise ``InvalidCase``."""
    url, kind, remark = _parts(comment)
    if url != UNREPORTED and not _URL.fullmatch(url):
        raise InvalidCase(f"{url!r} is no https address of a report, nor {UNREPORTED!r}")
    if kind not in KINDS:
        raise InvalidCase(f"{kind!r} is no kind of bug; the kinds are {', '.join(KINDS)}")
    return Bug(case=case, url=url, kind=kind, remark=remark)


def _parts(comment: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in comment.split("|"))
    if len(parts) != _FORM.count("|") + 1 or not all(parts):
        raise InvalidCase(f"{comment!r} documents no bug; write {_FORM}")
    return parts
