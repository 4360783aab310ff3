"""The shapes of what frameworks' moves of axes give: known, they are numbers in a script.

What is not listed here has an unknown shape, and a script asks the tensor for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convergent.cases.errors import CannotWrite

Shape = tuple[int, ...]


def of_item(shape: Shape | None, index: Any) -> Shape | None:
    """Return the shape of ``tensor[index]``, if it can be told."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = all(part is None or part is ... or isinstance(part, int | slice) for part in parts)
    if shape is None or not plain:
        return None
    try:
        return tuple(np.broadcast_to(np.zeros(()), shape)[index].shape)
    except (IndexError, TypeError):
        return None


def of_method(shape: Shape, name: str, args: Sequence[Any]) -> Shape | None:
    """Return the shape of ``tensor.name(*args)`` for a tensor of ``shape``, if it can be told."""
    return _told(_METHODS.get(name), shape, args)


def of_function(name: str, args: Sequence[Any]) -> Shape | None:
    """Return the shape of ``name(tensor, *args)``, if it can be told; ``args[0]`` is a shape."""
    return _told(_FUNCTIONS.get(name), args[0], args[1:]) if args else None


def _told(rule: Callable[..., Shape] | None, shape: Any, args: Sequence[Any]) -> Shape | None:
    if rule is None or not (isinstance(shape, tuple) or rule is _reshaped):
        return None
    try:
        return tuple(int(size) for size in rule(shape, *args))
    except (TypeError, ValueError, IndexError, CannotWrite):  # something in it is not known
        return None


def _view(shape: Shape) -> Any:
    return np.broadcast_to(np.zeros(()), shape)


def _moved(shape: Shape, source: Any, target: Any) -> Shape:
    return tuple(np.moveaxis(_view(shape), source, target).shape)


def _swapped(shape: Shape, first: int, second: int) -> Shape:
    return tuple(np.swapaxes(_view(shape), first, second).shape)


def _ordered(shape: Shape, order: Sequence[int]) -> Shape:
    return tuple(shape[axis] for axis in order)


def _reshaped(shape: Any, *sizes: Any) -> Shape:
    wanted = list(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else list(sizes)
    known = math.prod(size for size in wanted if size != -1)
    return tuple(math.prod(shape) // known if size == -1 else size for size in wanted)


def _flattened(shape: Shape, first: int = 0, last: int = -1) -> Shape:
    last %= len(shape)
    return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])


def _unflattened(shape: Shape, axis: int, sizes: Sequence[int]) -> Shape:
    return (*shape[:axis], *sizes, *shape[axis + 1 :])


def _expanded(shape: Shape, axis: int) -> Shape:
    return tuple(np.expand_dims(_view(shape), axis).shape)


def _padded(shape: Shape, pads: Any, *more: Any) -> Shape:
    if more:  # lax.pad: a value, then a triple per axis
        return tuple(n + lo + hi + max(n - 1, 0) * gap
                     for n, (lo, hi, gap) in zip(shape, more[0], strict=True))  # fmt: skip
    if isinstance(pads[0], int):  # F.pad: the last axis first
        pairs = list(zip(pads[::2], pads[1::2], strict=True))[::-1]
        pads = [(0, 0)] * (len(shape) - len(pairs)) + pairs
    return tuple(n + lo + hi for n, (lo, hi) in zip(shape, pads, strict=True))


def _same(shape: Shape, *_more: Any) -> Shape:
    return shape


_METHODS: dict[str, Callable[..., Shape]] = {
    "reshape": _reshaped,
    "movedim": _moved,
    "transpose": _swapped,
    "flatten": _flattened,
    "unflatten": _unflattened,
    "unsqueeze": _expanded,
    "flip": _same,
    "detach": _same,
    "astype": _same,
    "requires_grad_": _same,
    "new_zeros": lambda _shape, sizes: sizes,
}
_FUNCTIONS: dict[str, Callable[..., Shape]] = {
    "moveaxis": _moved,
    "swapaxes": _swapped,
    "transpose": _ordered,
    "reshape": _reshaped,
    "expand_dims": _expanded,
    "pad": _padded,
    "flip": _same,
    "reverse": _same,
    "zeros_like": _same,
    "ones_like": _same,
}
