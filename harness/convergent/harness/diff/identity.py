"""What was loaded on each side: a version compared with itself is the failure that nobody sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from convergent.backends import naming
from convergent.cases.errors import UnknownBackend
from convergent.cases.record import record
from convergent.harness import envs
from convergent.harness.record import Header, Loaded

Likeness = Literal["", "same", "same version", "unknown"]

_SHOWN = ("version", "jaxlib", "file", "git", "python", "executable", "numpy", "threads", "modes")
_MEANT = ("device", "platform", "cpu_capability", "threads", "interop_threads", "numpy", "python")


@record
class Identity:
    """What a matched pair loaded.

    ``likeness`` is ``same`` where both sides loaded the very same file and version in the same
    modes, ``same version`` where that version came from two places, ``unknown`` where a side does
    not tell. ``lies`` are sentences about a version that was asked for and is not the one loaded:
    such a comparison is void. ``differences`` are those of what lies around the framework.
    """

    old: dict[str, str]
    new: dict[str, str]
    likeness: Likeness
    lies: tuple[str, ...]
    differences: tuple[str, ...]


def identify(old: Loaded | None, new: Loaded | None, names: tuple[str, str]) -> Identity:
    """Return what the two sides of a matched pair loaded, and whether they are one."""
    before, after = (dict(side.loaded) if side else {} for side in (old, new))
    return Identity(
        old=_shown(before),
        new=_shown(after),
        likeness=_likeness(before, after),
        lies=_lies(before, after, names),
        differences=_differences(before, after, [n for n in _MEANT if n in before and n in after]),
    )


def conditions(old: Header, new: Header) -> tuple[str, ...]:
    """Say how two runs differ in what was asked and where: drift and speed mean less then."""
    asked = [
        (name, getattr(old, name), getattr(new, name)) for name in ("suite", "seed", "version")
    ]
    if old.plan != new.plan and old.variants == new.variants:
        asked.append(("plan", old.plan, new.plan))
    words = {"version": "convergent's version", "plan": "the planned checks"}
    said = [
        f"{words.get(name, name)}: {before} before, {after} now"
        for name, before, after in asked
        if before != after
    ]
    names = ("cpu", "cores", "memory_gib", "machine", "platform", "python", "numpy", "variables")
    return (*said, *_differences(old.environment, new.environment, names))


def _differences(old: dict[str, Any], new: dict[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"{name}: {_text(old.get(name))} before, {_text(new.get(name))} now"
        for name in names
        if old.get(name) != new.get(name)
    )


def _shown(loaded: dict[str, Any]) -> dict[str, str]:
    return {name: _text(loaded[name]) for name in _SHOWN if name in loaded}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in value.items()) or "none"
    if isinstance(value, list | tuple):
        return "+".join(map(str, value)) or "none"
    return "not told" if value is None else str(value)


def _likeness(old: dict[str, Any], new: dict[str, Any]) -> Likeness:
    if not (old.get("version") and new.get("version")):
        return "unknown"
    what = ("version", "git", "jaxlib", "modes")
    if any(old.get(name) != new.get(name) for name in what):
        return ""
    return "same" if old.get("file") == new.get("file") else "same version"


def _lies(old: dict[str, Any], new: dict[str, Any], names: tuple[str, str]) -> tuple[str, ...]:
    """Say what was asked for as different versions and loaded as one, or as another one."""
    asked = [_asked(name) for name in names]
    lies = []
    for name, (version, _), loaded in zip(names, asked, (old, new), strict=True):
        came = str(loaded.get("version", ""))
        if version and came and not envs.same_version(version, came):
            lies.append(f"{name} was asked for and {came} was loaded ({loaded.get('file')})")
    came, now = str(old.get("version", "")), str(new.get("version", ""))
    if asked[0][0] != asked[1][0] and all(a[0] for a in asked) and came and came == now:
        lies.append(f"{names[0]} and {names[1]} were asked for and both loaded {came}")
    elsewhere = asked[0][1] != asked[1][1]
    if elsewhere and old.get("file") is not None and old.get("file") == new.get("file"):
        lies.append(f"{names[0]} and {names[1]} both loaded {old['file']}")
    return tuple(lies)


def _asked(name: str) -> tuple[str, str]:
    """Return the version and the interpreter that a variant's name asks for."""
    try:
        asked = naming.split(name)
    except UnknownBackend:
        return "", ""
    return asked.version, asked.python
