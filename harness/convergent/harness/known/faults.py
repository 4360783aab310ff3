"""All that is wrong with a ledger, each with its entry and its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from convergent.cases.errors import InvalidLedger
from convergent.cases.record import record
from convergent.harness import ledger
from convergent.harness.known import layout
from convergent.harness.ledger import Entry

_FIELDS = {field.name: field for field in msgspec.structs.fields(Entry)}


@record
class Fault:
    """One thing that is wrong; ``entry`` counts from 1 and is 0 where the file is at fault."""

    source: str
    entry: int
    line: int
    said: str

    def __str__(self) -> str:
        """Return one line."""
        entry = f", entry {self.entry}" if self.entry else ""
        line = f", line {self.line}" if self.line else ""
        return f"{self.source}{line}{entry}: {self.said}"


def read(path: Path) -> str:
    """Return the text of a ledger. Raises ``InvalidLedger`` if there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidLedger(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidLedger(f"{path} is not written in UTF-8: {error}") from error


def faults(text: str, source: str) -> list[Fault]:
    """Return all that is wrong with the text of a ledger."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return [Fault(source=source, entry=0, line=0, said=str(error))]  # it names the line itself
    found = [
        Fault(
            source=source,
            entry=0,
            line=layout.key_line(text, key),
            said=f"{key!r} is no part of a ledger; an entry begins with [[known]]",
        )
        for key in sorted(set(raw) - {"known"})
    ]
    known = raw.get("known", [])
    if not isinstance(known, list):
        said = "an entry begins with [[known]], in two pairs of brackets"
        line = layout.key_line(text, "known")
        return [*found, Fault(source=source, entry=0, line=line, said=said)]
    for number, (fields, place) in enumerate(zip(known, _places(text, len(known)), strict=True), 1):
        found += [
            Fault(source=source, entry=number, line=place.line(field), said=said)
            for field, said in _of_entry(fields)
        ]
    return found


def _places(text: str, count: int) -> list[layout.Place]:
    found = layout.places(text)
    if len(found) == count:
        return found
    line = layout.key_line(text, "known") - 1  # written as an array: all begin there
    return [layout.Place(first=line, end=line)] * count


def _of_entry(fields: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(fields, dict):
        yield "", "an entry has fields; it begins with [[known]]"
        return
    wrong = False
    for name in sorted(set(fields) - set(_FIELDS)):
        wrong = True
        yield name, f"{name!r} is no field; the fields are {', '.join(_FIELDS)}"
    for name, field in _FIELDS.items():
        if name not in fields:
            if field.required:
                wrong = True
                yield "", f"{name!r} is missing"
            continue
        try:
            msgspec.convert(fields[name], field.type)
        except msgspec.ValidationError as error:
            wrong = True
            yield name, f"{name}: {error}"
    if not wrong:
        yield from ledger.faults(msgspec.convert(fields, Entry))
