"""jax conv/signal_convolve: 39 of 120 elements are wrong, such as 8 where 5 is due (scattered,
accumulates in bfloat16)

Add up valid ``jax.scipy.signal.convolve`` of each image with the turned filter. 2-D: 2 images
of 5x6 with 3 channels, 4 filters of 3x2, no padding, output 3x5; bfloat16, channels last, exact
small integers.

Known: convolutions of single channels are stored in 16 bits before they are added (not reported
before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax conv/signal_convolve conv2d:n2_i5x6_c3_k3x2_o4_bfloat16
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
    entropy = [0, role, 2917401010]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 5, 6, 3))
assert zlib.crc32(X.tobytes()) == 295007692, "NumPy draws other numbers"
W = drawn(1, (3, 2, 3, 4))
assert zlib.crc32(W.tobytes()) == 2352496141, "NumPy draws other numbers"
x = jnp.array(np.ascontiguousarray(X, np.float32).astype(jnp.bfloat16))
w = jnp.array(np.ascontiguousarray(W, np.float32).astype(jnp.bfloat16))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 2):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(5, 3, 1, 1, 0), (6, 5, 1, 1, 0)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(2, 5, 6, 1, 3), w.reshape(3, 2, 3, 1, 4)
    total = np.zeros((2, 3, 5, 1, 4), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(2, 3, 5, 4)


expected = reference(X, W)
unit = np.ldexp(1.0, np.maximum(np.frexp(expected)[1] - 1, -126) - 7)
expected = np.rint(expected / unit) * unit

images = lax.pad(
    jnp.moveaxis(x, 3, 1), jnp.zeros((), x.dtype), [(0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]
).reshape(2, 1, 3, 5, 6)
filters = lax.pad(
    jnp.moveaxis(w, (3, 2), (0, 1)),
    jnp.zeros((), w.dtype),
    [(0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)],
).reshape(1, 4, 3, 3, 2)
over_channels = jax.vmap(
    lambda x, w: jax.scipy.signal.convolve(x, jnp.flip(w), "valid", "direct"), (0, 0)
)
products = jax.vmap(jax.vmap(jax.vmap(over_channels, (None, 0)), (0, 0)), (0, None))(
    images, filters
)
y = jnp.moveaxis(products.sum(3).reshape(2, 4, *products.shape[4:]), 1, 3)

assert y.dtype == "bfloat16", y.dtype
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
