"""jax backprop_bias/autodiff: 3 of 4 elements are wrong, such as 0.59375 where 0.581085205 is due
(output channel > 0, accumulates in bfloat16)

Pull d_y back to the bias with ``jax.vjp``. 2-D: 2 images of 5x6 with 3 channels, 4 filters of
3x2, no padding, output 3x5; bfloat16, channels last, normal data.

Known: the transpose of a broadcast is a sum in 16 bits (jax.numpy.sum adds in float32)
(https://github.com/jax-ml/jax/pull/34939)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax backprop_bias/autodiff conv2d:n2_i5x6_c3_k3x2_o4_bfloat16_normal
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
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = total - 6
    unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)
    values = np.rint(values / unit) * unit
    return values


X = drawn(0, (2, 5, 6, 3))
assert zlib.crc32(X.tobytes()) == 50567227, "NumPy draws other numbers"
W = drawn(1, (3, 2, 3, 4))
assert zlib.crc32(W.tobytes()) == 4219225380, "NumPy draws other numbers"
DY = drawn(2, (2, 3, 5, 4))
assert zlib.crc32(DY.tobytes()) == 2281306346, "NumPy draws other numbers"
x = jnp.array(np.ascontiguousarray(X, np.float32).astype(jnp.bfloat16))
w = jnp.array(np.ascontiguousarray(W, np.float32).astype(jnp.bfloat16))
dy = jnp.array(np.ascontiguousarray(DY, np.float32).astype(jnp.bfloat16))
expected = np.array([
    7.597682952880859, 0.581085205078125, -5.8724365234375, 0.89794921875,
], np.float64)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
bound = np.array([0.0296931, 0.00228392, 0.0229544, 0.00352098], np.float64)


def function(b):
    out = lax.conv_general_dilated(
        x,
        w,
        (1, 1),
        "VALID",
        rhs_dilation=(1, 1),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=1,
    )
    return out + b.reshape(4)


db = jax.vjp(function, jnp.zeros(4, dy.dtype))[1](dy)[0]

assert db.dtype == "bfloat16", db.dtype
actual = np.asarray(db).astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = ~(abs(actual - expected) <= bound)
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
