"""What an op must give, per element: the currency between oracle, bounds and comparator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convergent.cases.dtypes import Float64
from convergent.cases.record import record


@record
class Expected:
    """What an op must give, per element: float64 ``value`` and ``magnitude``, integer ``terms``.

    ``magnitude`` is ``sum|x||w|`` (of the finite products) and ``terms`` how many products are
    really summed. ``nan_too`` says where NaN is as right as ``value`` (an infinity may or may not
    have met a zero of the padding), ``minus_too`` where a zero may be negative; ``None``: nowhere
    respectively everywhere.
    """

    value: Float64
    magnitude: Float64
    terms: npt.NDArray[np.int64]
    nan_too: npt.NDArray[np.bool_] | None = None
    minus_too: npt.NDArray[np.bool_] | None = None
