"""The file of a ledger: its text, its entries and where they stand."""

from __future__ import annotations

from pathlib import Path

from convergent.cases.errors import InvalidLedger
from convergent.harness import ledger
from convergent.harness.known import faults, layout


class File:
    """A ledger's file, seen to be valid; the one that comes with this project if no path is given.

    Raises ``InvalidLedger`` with all that is wrong with it, a line each.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or ledger.built_in()
        self.text = faults.read(self.path)
        if wrong := faults.faults(self.text, str(self.path)):
            raise InvalidLedger("\n".join(map(str, wrong)))
        self.entries = ledger.decode(self.text.encode(), str(self.path)).entries
        self._tables = layout.places(self.text)

    def place(self, number: int) -> layout.Place:
        """Return where the entry of a number, counted from 1, stands."""
        if self._tables:
            return self._tables[number - 1]
        line = layout.key_line(self.text, "known") - 1  # written as an array: all begin there
        return layout.Place(first=line, end=line)

    def text_of(self, number: int) -> str:
        """Return the lines of an entry."""
        place = self.place(number)
        return "".join(layout.lines(self.text)[place.first : place.end])

    def refuse_pruning(self) -> None:
        """Raise ``InvalidLedger`` for a file that is not for its user to change."""
        built_in = ledger.built_in().resolve()
        if (
            self.path.resolve() == built_in
            and not (built_in.parents[3] / "pyproject.toml").exists()
        ):
            raise InvalidLedger(
                f"{self.path} belongs to the installed package; copy it and give your FILE, "
                "to `convergent run --known FILE` too"
            )
        if len(self._tables) != len(self.entries):
            raise InvalidLedger(
                f"{self.path} is written as an array; begin each entry with [[known]] to prune it"
            )
