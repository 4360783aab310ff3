"""jax backprop_input/vmap_filter: 44 of 180 elements are wrong, such as nan where -inf is due
(scattered)

Diagnosis: NaN spreads over the window.

Add up the d_x of one filter of each group, taken under ``jax.vmap`` over these. 2-D: 2 images
of 5x6 with 3 channels, 4 filters of 3x2, padding 1 on every side, output 5x7; float64, channels
last, NaN and infinities among small integers.

Known: vmap makes groups, XLA on CPU makes float64 groups dense: NaN reaches the others (not
reported before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax backprop_input/vmap_filter
conv2d:n2_i5x6_c3_k3x2_o4_p1_float64_nonfinite
"""

import math
import os
import zlib

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
import jax
from jax import numpy as jnp
from jax import lax


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 2665936032]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    if role == 1:
        values[6::7] = 0
    elif values.size:
        places = np.arange(int(words[0]) % min(values.size, 24), values.size, 24)
        turns = np.arange(len(places)) + 0
        values[places] = np.take([np.nan, np.inf, -np.inf], turns, mode="wrap")
    return values.reshape(shape)


X = drawn(0, (2, 5, 6, 3))
assert zlib.crc32(X.tobytes()) == 4180586756, "NumPy draws other numbers"
W = drawn(1, (3, 2, 3, 4))
assert zlib.crc32(W.tobytes()) == 3314708954, "NumPy draws other numbers"
DY = drawn(2, (2, 5, 7, 4))
assert zlib.crc32(DY.tobytes()) == 4036322542, "NumPy draws other numbers"
x = jnp.array(X)
w = jnp.array(W)
dy = jnp.array(DY)
np.seterr(invalid="ignore")  # NaN is meant


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 2):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(5, 5, 1, 1, 1), (6, 7, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(dy, w):
    dy, w = dy.reshape(2, 5, 7, 1, 4), w.reshape(3, 2, 3, 1, 4)
    total = np.zeros((2, 5, 6, 1, 3), dy.dtype)
    for tap, reads, adds in taps():
        total[reads] += np.einsum("...go,cgo->...gc", dy[adds], w[tap])
    return total.reshape(2, 5, 6, 3)


expected = reference(DY, W)
nan_too = np.zeros(expected.shape, bool)


def each(w, dy):
    def function(x):
        return lax.conv_general_dilated(
            x,
            w,
            (1, 1),
            ((1, 1), (1, 1)),
            rhs_dilation=(1, 1),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=1,
        )

    return jax.vjp(function, x)[1](dy)[0]


dx = jax.vmap(each, (4, 4))(w.reshape(3, 2, 3, 1, 4), dy.reshape(2, 5, 7, 1, 4)).sum(0)

assert dx.dtype == "float64", dx.dtype
actual = np.asarray(dx).astype(np.float64)
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
