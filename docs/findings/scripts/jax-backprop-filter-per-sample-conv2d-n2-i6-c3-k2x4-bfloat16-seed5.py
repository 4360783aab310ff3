"""jax backprop_filter/per_sample: 11 of 24 elements are wrong, such as -106 where -107 is due
(scattered, accumulates in bfloat16)

Diagnosis: accumulates in bfloat16.

Add up the d_w of each sample, taken under ``jax.vmap`` over the batch. 2-D: 2 images of 6x6
with 3 channels, 1 filter of 2x4, no padding, output 5x3; bfloat16, channels last, exact small
integers, seed 5.

Known: per-sample gradients are stored in 16 bits before they are added: that is what they are
(not reported before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax backprop_filter/per_sample conv2d:n2_i6_c3_k2x4_bfloat16_seed5
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
    entropy = [5, role, 3386985196]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 6, 6, 3))
assert zlib.crc32(X.tobytes()) == 2027229640, "NumPy draws other numbers"
x = jnp.array(np.ascontiguousarray(X, np.float32).astype(jnp.bfloat16))
w = np.array([
    -21, 27, 10, -29, 17, 14, 12, 24, 21, -27, 22, -26,
    -26, -5, 22, 22, 21, 23, -6, -2, 3, -30, 32, 20,
], np.float32).reshape(2, 4, 3, 1)
w = jnp.array(w.astype(jnp.bfloat16))
dy = np.array([
    24, 7, -3, -26, 4, 29, 1, -24, 10, 6, -17, -13, 17, -16, -10,
    20, -20, 2, 25, 18, -27, -28, -20, 1, -13, -4, 8, -7, 25, -24,
], np.float32).reshape(2, 5, 3, 1)
dy = jnp.array(dy.astype(jnp.bfloat16))
expected = np.array([
    -1680, 2352, -2144, -1952, -107, -1624, 1744, 1608, -3520, 1656, -3008, 1984,
    490, -1360, 1032, 1688, -3584, -3808, -2304, 1152, 768, -3968, 2096, -688,
], np.float64).reshape(2, 4, 3, 1)


def function2(x, dy):
    def function(w):
        return lax.conv_general_dilated(
            x[None],
            w,
            (1, 1),
            "VALID",
            rhs_dilation=(1, 1),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=1,
        )[0]

    return jax.vjp(function, w)[1](dy)[0]


dw = jax.vmap(function2)(x, dy).sum(0)

assert dw.dtype == "bfloat16", dw.dtype
actual = np.asarray(dw).astype(np.float64)
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
