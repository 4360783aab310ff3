"""One of the parts that a run is cut into: the same on every machine, of about equal cost.

>>> Shard.parse("2/4")
Shard(index=2, count=4)

Each variant's cases are shared out on their own, the costliest first, always to the part that has
least (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17, 1969). So a
variant that is added moves no other variant's checks; a case that is added may move any.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Callable, Mapping, Sequence

from convergent.cases.errors import InvalidShard
from convergent.cases.record import record
from convergent.harness.plan import Work

MOST = 10_000

Cost = Callable[[str, Work], float]
"""What gives the seconds that a variant will need for a case's checks, about."""


@record
class Shard:
    """Part ``index`` of ``count``; the first is 1."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that is written ``2/4``. Raises ``InvalidShard``."""
        parts = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
        if parts is None:
            raise InvalidShard(f"{text!r} is no shard; write the second of four as 2/4")
        index, count = map(int, parts.groups())
        if not 1 <= count <= MOST:
            raise InvalidShard(f"{text!r} is no shard; there may be 1 to {MOST} of them")
        if not 1 <= index <= count:
            raise InvalidShard(f"{text!r} is no shard; of {count} the first is 1/{count}")
        return cls(index=index, count=count)

    def __str__(self) -> str:
        """Return ``2/4``."""
        return f"{self.index}/{self.count}"

    def take(self, planned: Mapping[str, Sequence[Work]], cost: Cost) -> dict[str, list[Work]]:
        """Return this part of what is planned, in the order of the suite."""
        return {
            variant: share(variant, works, self.count, cost)[self.index - 1]
            for variant, works in planned.items()
        }


def share(variant: str, works: Sequence[Work], count: int, cost: Cost) -> list[list[Work]]:
    """Return the works of one variant in ``count`` parts of about equal cost."""
    costs = [cost(variant, work) for work in works]
    names = [str(work.case) for work in works]
    first = _first(variant) % count  # else what is left over would always be the first part's
    loads = [(0.0, (part - first) % count, part) for part in range(count)]
    heapq.heapify(loads)
    part_of = [0] * len(works)
    for place in sorted(range(len(works)), key=lambda i: (-costs[i], names[i])):
        load, turn, part = loads[0]
        part_of[place] = part
        heapq.heapreplace(loads, (load + costs[place], turn, part))
    return [
        [work for work, of in zip(works, part_of, strict=True) if of == part]
        for part in range(count)
    ]


def _first(variant: str) -> int:
    """Return a number that is ``variant``'s on every machine."""
    return int.from_bytes(hashlib.blake2b(variant.encode(), digest_size=4).digest())
