"""Which variant of one side is compared with which of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from convergent.backends import registry
from convergent.cases.errors import UnknownBackend

Pairs = tuple[tuple[str, str], ...]


def match(old: Sequence[str], new: Sequence[str], settled: Iterable[str] = ()) -> Pairs:
    """Return the matched names: those settled, then equal names, then equal ones but for a version.

    ``settled`` are texts ``OLD=NEW``. Versions are left aside where one variant alone is left on
    each side and nothing of its kind was settled. Raises ``UnknownBackend`` for a text that settles
    nothing or is ambiguous.
    """
    pairs = [_settle(text, old, new) for text in settled]
    told = {registry.plain(name) for pair in pairs for name in pair}
    for side, names in enumerate((old, new)):
        used = [pair[side] for pair in pairs]
        if twice := next((n for n in used if used.count(n) > 1), ""):
            raise UnknownBackend(f"--match names {twice} twice; {', '.join(names)} are there")
    pairs += [(n, n) for n in _left(old, pairs, 0) if n in _left(new, pairs, 1)]
    olds, news = (_by_plain(_left(side, pairs, i)) for i, side in enumerate((old, new)))
    pairs += [
        (names[0], news[plain][0])
        for plain, names in olds.items()
        if len(names) == len(news.get(plain, ())) == 1 and plain not in told
    ]
    return tuple(sorted(pairs, key=lambda pair: list(old).index(pair[0])))


def ambiguous(old: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """Return sentences about unmatched names that are alike but for their versions."""
    olds, news = _by_plain(old), _by_plain(new)
    return tuple(
        f"{plain} could be {' or '.join(news[plain])} for {' or '.join(names)}; "
        f"say which with --match {names[0]}={news[plain][0]}"
        for plain, names in olds.items()
        if plain in news
    )


def _settle(text: str, old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Split ``OLD=NEW`` where both halves are names: a name may hold ``==``."""
    cuts = [i for i, c in enumerate(text) if c == "="]
    found = [(text[:i], text[i + 1 :]) for i in cuts if text[:i] in old and text[i + 1 :] in new]
    if len(found) != 1:
        raise UnknownBackend(
            f"--match {text} names no OLD=NEW; old are {', '.join(old) or 'none'}, "
            f"new are {', '.join(new) or 'none'}"
        )
    return found[0]


def _left(names: Sequence[str], pairs: Iterable[tuple[str, str]], side: int) -> list[str]:
    used = {pair[side] for pair in pairs}
    return [name for name in names if name not in used]


def _by_plain(names: Iterable[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[registry.plain(name)].append(name)
    return dict(found)
