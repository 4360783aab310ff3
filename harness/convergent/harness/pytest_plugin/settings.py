"""What the options and the configuration file ask for; options win."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from convergent.cases import suites
from convergent.cases.case import DTYPES, Case
from convergent.cases.errors import InvalidCase
from convergent.cases.text import parse
from convergent.harness import ledger, plan
from convergent.harness.cli import choose
from convergent.harness.ledger import Ledger
from convergent.harness.plan import Selection

DEFAULT_LIMIT = 120.0
_LIMITS = (0.1, 86_400.0)


class Settings(NamedTuple):
    """The cases, who is asked, what narrows it, what is known, and the seconds of a check.

    ``names`` are the suites, and ``given`` for cases by name or file.
    """

    names: tuple[str, ...]
    cases: tuple[Case, ...]
    variants: tuple[str, ...]
    selection: Selection
    ledger: Ledger
    timeout: float


def read(config: pytest.Config) -> Settings:
    """Return the settings of this run.

    Raises a ``ConvergentError`` for what does not exist, ``UsageError`` for what cannot be read.
    """
    names = tuple(_words(config, "convergent"))
    given = list(itertools.chain.from_iterable(_given(config)))
    every = [*itertools.chain.from_iterable(map(suites.load, names)), *given]
    selection = Selection(
        ops=tuple(_words(config, "convergent_ops")),
        methods=tuple(_words(config, "convergent_methods")),
        dtypes=tuple(_dtypes(config)),
    )
    variants = choose.variants(tuple(_words(config, "convergent_backends")))
    plan.plan(variants, (), selection)  # which raises for names that are none
    return Settings(
        names=(*names, *(["given"] if given else [])),
        cases=tuple(dict.fromkeys(every)),
        variants=variants,
        selection=selection,
        ledger=ledger.load(_file(config, "convergent_known")),
        timeout=_limit(config),
    )


def _values(config: pytest.Config, name: str) -> tuple[list[str], Path]:
    """Return what is said of a list, and the folder that its files are relative to."""
    said = config.getoption(name)
    if said:
        return list(said), config.invocation_params.dir
    return list(config.getini(name)), _root(config)


def _words(config: pytest.Config, name: str) -> Iterable[str]:
    parts = (part.strip() for text in _values(config, name)[0] for part in text.split(","))
    return [part for part in parts if part]


def _given(config: pytest.Config) -> Iterable[list[Case]]:
    """Yield the cases of each case line and file: a file may be called anything."""
    values, folder = _values(config, "convergent_cases")
    for value in values:
        if (folder / value).is_file():
            yield choose.read((folder / value,))
            continue
        for part in filter(None, map(str.strip, value.split(","))):
            if (folder / part).is_file():
                yield choose.read((folder / part,))
            elif ":" in part:
                yield [parse(part)]
            else:
                raise InvalidCase(f"{part!r} is neither a file nor a case")


def _dtypes(config: pytest.Config) -> Iterable[str]:
    for word in _words(config, "convergent_dtypes"):
        if word not in DTYPES:
            raise pytest.UsageError(
                f"convergent: {word!r} is no dtype; the dtypes are {', '.join(DTYPES)}"
            )
        yield word


def _file(config: pytest.Config, name: str) -> Path | None:
    if said := config.getoption(name):
        return Path(config.invocation_params.dir, said)
    said = config.getini(name)
    return Path(_root(config), said) if said else None


def _root(config: pytest.Config) -> Path:
    """Return the folder that what the configuration file says is relative to."""
    return config.inipath.parent if config.inipath else config.rootpath


def _limit(config: pytest.Config) -> float:
    text = config.getoption("convergent_timeout") or config.getini("convergent_timeout")
    if not text:
        return DEFAULT_LIMIT
    low, high = _LIMITS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not low <= seconds <= high:
        raise pytest.UsageError(
            f"convergent: {text!r} is no time limit: seconds, from {low:g} to {high:g}"
        )
    return seconds
