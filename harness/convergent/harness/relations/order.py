"""Relations that pick or reorder samples, channels and bytes, and leave space as it is."""

from __future__ import annotations

from convergent.cases.case import LAYOUTS, Case
from convergent.harness.relations.twin import Claim, Move, Place, Relation, Twin, role

_MOST_GROUPS = 4  # of more, the first and the last alone are asked


def _part(first: int, last: int, *, axis: int) -> Move:
    index = (slice(first, last),) if axis == 0 else (..., slice(first, last))
    return lambda array: array[index]


def _samples(case: Case, first: int, last: int) -> Twin:
    part = _part(first, last, axis=0)
    place = Place(put=part, ours=part)
    return Twin(case=case.replace(batch=last - first), x=place, y=place)


def _one_sample(case: Case, op: str) -> Claim | None:
    if case.batch < 2:  # noqa: PLR2004 - a batch
        return None
    if role(op) == "w":
        return Claim(kind="sum", twins=(_samples(case, 0, 1), _samples(case, 1, case.batch)))
    return Claim(kind="each", twins=(_samples(case, case.batch - 1, case.batch),))


def _batch_order(case: Case, _op: str) -> Claim | None:
    if case.batch < 2:  # noqa: PLR2004 - a batch
        return None
    place = Place(put=lambda a: a[::-1], theirs=lambda a: a[::-1])
    return Claim(kind="each", twins=(Twin(case=case, x=place, y=place),))


def _channel_order(case: Case, _op: str) -> Claim | None:
    if max(case.in_channels, case.out_channels) == 1:
        return None
    place = Place(put=lambda a: a[..., ::-1], theirs=lambda a: a[..., ::-1])
    both = Place(put=lambda a: a[..., ::-1, ::-1], theirs=lambda a: a[..., ::-1, ::-1])
    return Claim(kind="each", twins=(Twin(case=case, x=place, w=both, y=place),))


def _split_groups(case: Case, _op: str) -> Claim | None:
    if case.groups == 1:
        return None
    every = range(case.groups)
    asked = every if case.groups <= _MOST_GROUPS else (every[0], every[-1])
    return Claim(kind="each", twins=tuple(_group(case, number) for number in asked))


def _group(case: Case, number: int) -> Twin:
    C, O = case.in_channels // case.groups, case.out_channels // case.groups
    inward = _part(number * C, number * C + C, axis=-1)
    outward = _part(number * O, number * O + O, axis=-1)
    return Twin(
        case=case.replace(in_channels=C, out_channels=O, groups=1),
        x=Place(put=inward, ours=inward),
        w=Place(put=outward, ours=outward),
        y=Place(put=outward, ours=outward),
    )


def _plain_copy(case: Case, _op: str) -> Claim | None:
    if case.memory == "plain":
        return None
    return Claim(kind="each", twins=(Twin(case=case.replace(memory="plain")),))


def _other_layout(case: Case, _op: str) -> Claim | None:
    other = next(layout for layout in LAYOUTS if layout != case.layout)
    return Claim(kind="each", twins=(Twin(case=case.replace(layout=other)),))


ORDER = (
    Relation(
        name="batch_order",
        meaning="samples do not meet: the batch back to front gives the result back to front",
        claims=_batch_order,
    ),
    Relation(
        name="one_sample",
        meaning="samples do not meet: one alone gives its part; filter gradients add up",
        claims=_one_sample,
    ),
    Relation(
        name="channel_order",
        meaning="channels are summed or told apart: back to front they give the same, so ordered",
        claims=_channel_order,
    ),
    Relation(
        name="split_groups",
        meaning="a group is a convolution of its own channels",
        claims=_split_groups,
    ),
    Relation(
        name="plain_copy",
        meaning="a view has the values of its copy in plain memory",
        claims=_plain_copy,
    ),
    Relation(
        name="other_layout",
        meaning="channels first and channels last are two orders of the same numbers",
        claims=_other_layout,
    ),
)
