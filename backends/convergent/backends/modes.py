"""How else a backend can be run: switches that are set before anything is computed.

A variant is a backend and some of its modes: ``torch:no_onednn``, ``torch:no_onednn+threads1``.
"""

from __future__ import annotations

from convergent.cases.record import record


@record
class Mode:
    """One switch of a backend.

    ``environment`` holds variables of the worker's process, where ``{before}`` in a value stands
    for what the variable was before: a list of flags is added to. What variables cannot say is
    done by the backend's ``enable``. Modes of one ``group`` exclude each other. ``needs`` names
    what not every machine has (``cuda``). ``traits`` are those of the backend's ``trait_words``
    that hold in this mode on any machine.
    """

    name: str
    meaning: str
    environment: tuple[tuple[str, str], ...] = ()
    group: str = ""
    needs: str = ""
    traits: tuple[str, ...] = ()
