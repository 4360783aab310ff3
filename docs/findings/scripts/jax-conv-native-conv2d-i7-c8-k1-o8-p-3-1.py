"""jax conv/native: 72 of 200 elements are wrong, such as -532 where 0 is due (scattered)

Convolve with ``lax.conv_general_dilated``, a padding rule by its name. 2-D: 1 image of 7x7 with
8 channels, 8 filters of 1x1, padding -3 before and 1 after x -3 before and 1 after, output 5x5;
float32, channels last, exact small integers.

Known: XLA on CPU reads out of bounds where Eigen takes a convolution with negative low padding
(https://github.com/openxla/xla/issues/48713)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax conv/native conv2d:i7_c8_k1_o8_p-3+1
"""

import math
import os
import sys
import zlib

# glibc fills fresh memory with 0x7f then, so that what a kernel never writes shows.
if os.environ.get("MALLOC_PERTURB_") != "128":
    os.environ["MALLOC_PERTURB_"] = "128"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
from jax import numpy as jnp
from jax import lax


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 1831509239]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (1, 7, 7, 8))
assert zlib.crc32(X.tobytes()) == 1365516669, "NumPy draws other numbers"
W = np.array([
    -13, 18, 17, 1, 23, 16, -10, -29,
    -6, -20, -31, 11, -32, -18, 17, 14,
    -18, 1, -32, 24, -22, 29, -14, -22,
    -16, -24, -10, 25, -2, -20, -22, 27,
    30, 16, -9, 6, -21, 17, 3, 29,
    -30, -24, -23, 21, 18, -9, -27, 11,
    -19, -19, -22, -11, -32, 14, -20, 25,
    -19, 16, 8, -2, -15, 26, -29, 15,
], np.float64).reshape(1, 1, 8, 8)
x = jnp.array(np.ascontiguousarray(X, np.float32))
w = jnp.array(np.ascontiguousarray(W, np.float32))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(1, 1):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(7, 5, 1, 1, -3), (7, 5, 1, 1, -3)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(1, 7, 7, 1, 8), w.reshape(1, 1, 8, 1, 8)
    total = np.zeros((1, 5, 5, 1, 8), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(1, 5, 5, 8)


expected = reference(X, W)
expected = (expected).astype(np.float32).astype(np.float64)

y = lax.conv_general_dilated(
    x,
    w,
    (1, 1),
    ((-3, 1), (-3, 1)),
    rhs_dilation=(1, 1),
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
    feature_group_count=1,
)

assert y.dtype == "float32", y.dtype
actual = np.asarray(y).astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = actual != expected
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
