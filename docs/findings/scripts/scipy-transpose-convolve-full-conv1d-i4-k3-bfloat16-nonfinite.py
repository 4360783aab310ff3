"""scipy transpose/convolve_full: 1 of 4 elements are wrong, such as nan where 231 is due (last
column)

Add up full convolutions of d_y, zeros between, one pair of channels at a time. 1-D: 1 image of
4 with 1 channel, 1 filter of 3, no padding, output 2; bfloat16, channels last, NaN and
infinities among small integers.

Known: scipy.signal.convolve pads the longer operand: its zeros meet the NaN of the shorter one
(not reported before)

Seen with scipy 1.17.1, NumPy 2.4.6, Python 3.11.7, Linux-6.18.44-fc-v669-x86_64-with-glibc2.36,
AMD EPYC.

Found by: convergent repro scipy transpose/convolve_full conv1d:i4_k3_bfloat16_nonfinite
"""

import math
import itertools
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from scipy import signal

x = np.array([-8, 23, -3, np.nan], np.float64).reshape(1, 4, 1)
w = np.array([-4, -3, -11], np.float64).reshape(3, 1, 1)
dy = np.array([np.nan, -21], np.float64).reshape(1, 2, 1)
expected = np.array([np.nan, np.nan, np.nan, 231], np.float64).reshape(1, 4, 1)
nan_too = np.array([0, 0, 0, 0], bool).reshape(1, 4, 1)


@dataclass(frozen=True)
class Phase:
    """Which places of the image some of the results read: ``steps`` apart, they keep a correlation.

    ``image`` and ``results`` hold a slice per spatial axis.
    """
    image: object
    results: object
    steps: object

    def kept(self, counts):
        """Return which places of the plain correlation are the ``counts`` results."""
        return tuple((slice(0, n * step, step) for n, step in zip(counts, self.steps)))


def phases(stride, dilation, results):
    """Yield the plain correlations that make a strided, dilated one of ``results`` places."""
    steps = tuple((s // math.gcd(s, d) for s, d in zip(stride, dilation)))
    apart = tuple((d // math.gcd(s, d) for s, d in zip(stride, dilation)))
    for starts in itertools.product(*(range(min(n, a)) for n, a in zip(results, apart))):
        yield Phase(image=tuple((slice(q * s, None, d) for q, s, d in zip(starts, stride, dilation))), results=tuple((slice(q, None, a) for q, a in zip(starts, apart))), steps=steps)


def _spread(array, steps):
    """Return ``array`` with its spatial places, from axis 1 on, ``steps`` apart."""
    shape, places = (list(array.shape), [slice(None)] * array.ndim)
    for axis, step in enumerate(steps, 1):
        shape[axis] = (shape[axis] - 1) * step + 1
        places[axis] = slice(None, None, step)
    spread = np.zeros(shape)
    spread[tuple(places)] = array
    return spread


def _pairs(case):
    """Yield each output channel with each input channel of its group and its place there."""
    per_group = case.in_channels // case.groups
    for o in range(case.out_channels):
        first = o // (case.out_channels // case.groups) * per_group
        for i in range(per_group):
            yield (o, first + i, i)


def pad(x, pads):
    """Return ``x (N, *input, C)`` with zeros around it; negative padding crops."""
    crop = tuple((slice(max(-lo, 0), n - max(-hi, 0)) for n, (lo, hi) in zip(x.shape[1:], pads)))
    zeros = tuple(((max(lo, 0), max(hi, 0)) for lo, hi in pads))
    return np.pad(x[slice(None), *crop], ((0, 0), *zeros, (0, 0)))


def _backprop_input(case, t, convolve):
    padded = [size + sum(pads) for size, pads in zip(case.input, case.pads)]
    total = np.zeros((case.batch, *padded, case.in_channels))
    for phase in phases(case.stride, case.dilation, case.output):
        gradient = _spread(t.dy[slice(None), *phase.results], phase.steps)
        reached = (g + k - 1 for g, k in zip(gradient.shape[1:], case.kernel))
        places = tuple((slice(size) for size in reached))
        for o, c, i in _pairs(case):
            full = convolve(gradient[..., o], t.w[None, ..., i, o])
            total[slice(None), *phase.image][..., c][slice(None), *places] += full
    return pad(total, tuple(((-lo, -hi) for lo, hi in case.pads)))


def _convolve_full(images, kernels):
    """Convolve ``(N, *space)`` fully with ``(1, *taps)``."""
    result = signal.convolve(images, kernels, 'full', 'direct')
    return result


def input_by_convolve_full(case, t):
    """Add up full convolutions of d_y, zeros between, one pair of channels at a time."""
    return _backprop_input(case, t, _convolve_full)


case = SimpleNamespace(
    batch=1,
    dilation=(1,),
    groups=1,
    in_channels=1,
    input=(4,),
    kernel=(3,),
    out_channels=1,
    output=(2,),
    pads=((0, 0),),
    stride=(1,),
)
dx = input_by_convolve_full(case, SimpleNamespace(x=x, w=w, dy=dy))

unit = np.ldexp(1.0, np.maximum(np.frexp(dx)[1] - 1, -126) - 7)
dx = np.rint(dx / unit) * unit
actual = dx
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = (actual != expected) & ~(np.isnan(actual) & (np.isnan(expected) | nan_too))
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
