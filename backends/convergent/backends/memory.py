"""Where operands lie in memory: the same values, laid out as a user's view may be.

>>> laid(np.arange(3), "gapped").strides, laid(np.arange(3), "reversed").tolist()
((16,), [0, 1, 2])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convergent.cases.dtypes import Array


def laid(array: Array, memory: str) -> Array:
    """Return a copy of ``array`` in memory of its own, laid out as a word of ``MEMORY`` says.

    The axes stay in their order, first to last; what lies between or before the elements of a
    view is filled with ones.
    """
    if memory == "offset":
        view = np.ones(array.size + 1, array.dtype)[1:].reshape(array.shape)
    elif memory == "gapped":
        view = np.ones((*array.shape, 2), array.dtype)[..., 0]
    elif memory == "reversed":
        backwards: tuple[Any, ...] = (slice(None, None, -1),) * array.ndim
        view = np.ones(array.shape, array.dtype)[(*backwards, ...)]
    else:
        view = np.empty(array.shape, array.dtype)
    view[...] = array
    view.flags.writeable = memory != "readonly"
    return view
