"""Works in chunks of about equal cost, so many that each Dask worker has several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from convergent.harness.plan import Work
from convergent.harness.shard import Cost

LONGEST = 60.0  # seconds: what a lost worker costs, and how often results come
SHORTEST = 10.0  # importing a framework takes up to that
EACH = 4  # chunks a Dask worker, at least


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some works of one variant."""

    variant: str
    works: tuple[Work, ...]

    @property
    def checks(self) -> int:
        """The number of checks."""
        return sum(len(work.keys) for work in self.works)

    def halves(self) -> tuple[Chunk, ...]:
        """Return two chunks of half the works, or half the checks of the only one."""
        works = self.works
        if len(works) == 1:
            ((case, keys),) = works
            works = (Work(case, keys[: len(keys) // 2]), Work(case, keys[len(keys) // 2 :]))
        middle = len(works) // 2
        return tuple(
            Chunk(variant=self.variant, works=part) for part in (works[:middle], works[middle:])
        )


def cut(left: Mapping[str, Sequence[Work]], slots: int, cost: Cost) -> list[Chunk]:
    """Return ``left`` in chunks for ``slots`` Dask threads, the variants taking turns."""
    costs = {v: [cost(v, work) for work in works] for v, works in left.items()}
    total = sum(map(sum, costs.values()))
    limit = min(max(total / (EACH * max(slots, 1)), SHORTEST), LONGEST)
    placed: list[tuple[float, int, Chunk]] = []
    for turn, (variant, works) in enumerate(left.items()):
        chunks = _packed(variant, works, costs[variant], limit)
        placed += [((n + 0.5) / len(chunks), turn, chunk) for n, chunk in enumerate(chunks)]
    return [chunk for *_, chunk in sorted(placed, key=lambda each: each[:2])]


def _packed(
    variant: str, works: Sequence[Work], costs: Sequence[float], limit: float
) -> list[Chunk]:
    chunks: list[list[Work]] = []
    held = limit
    for work, seconds in zip(works, costs, strict=True):
        if held + seconds > limit:
            chunks.append([])
            held = 0.0
        chunks[-1].append(work)
        held += seconds
    return [Chunk(variant=variant, works=tuple(chunk)) for chunk in chunks if chunk]
