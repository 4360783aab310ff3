"""jax backprop_input/autodiff: 8 of 56 elements are wrong, such as inf where 2063 is due (last
column)

Diagnosis: larger than any sum of products.

Pull d_y back to x with ``jax.vjp``. 1-D: 1 image of 7 with 8 channels, 8 filters of 2, padding
2 before and 0 after, output 8; float32, channels last, exact small integers.

Known: XLA on CPU reads out of bounds where Eigen takes a convolution with negative low padding
(https://github.com/openxla/xla/issues/48713)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax backprop_input/autodiff conv1d:i7_c8_k2_o8_p2+0
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
import jax
from jax import numpy as jnp
from jax import lax


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 2110612374]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


W = drawn(1, (2, 8, 8))
assert zlib.crc32(W.tobytes()) == 1582257411, "NumPy draws other numbers"
x = np.array([
    -29, 27, 30, -6, 10, -29, -8, 8,
    -13, 9, 13, 4, 4, -30, -26, 32,
    3, -15, -9, 17, -22, 28, -19, -14,
    21, 7, -6, -25, -3, 24, 31, -12,
    17, 32, -13, -19, -25, -20, 2, -29,
    6, 11, 13, 12, -30, 11, 13, 27,
    -32, 28, 10, -24, -32, -6, -30, 16,
], np.float32).reshape(1, 7, 8)
x = jnp.array(x)
w = jnp.array(np.ascontiguousarray(W, np.float32))
dy = np.array([
    -25, 24, -5, -12, -31, -9, -3, -15,
    32, 4, -32, 18, -31, -12, 29, -6,
    2, -31, -16, 8, -28, -29, 18, 20,
    -13, -14, 27, -6, 16, -24, 12, -29,
    -1, -25, -3, 28, 14, -28, 18, 23,
    12, -4, -10, 20, -29, -29, -13, -32,
    -8, 11, -12, -8, -2, 1, -20, 9,
    -15, -4, -27, 11, -30, 10, -13, -5,
], np.float32).reshape(1, 8, 8)
dy = jnp.array(dy)
expected = np.array([
    3584, 1117, 1420, 1219, 1798, -31, 1041, -1381,
    -954, 1720, -277, 1080, 885, -2018, -739, -614,
    -1135, 8, 1735, -895, 1642, -1093, 1969, 599,
    -678, 2442, 514, 1923, -690, -284, 2210, -1840,
    1059, -2108, 242, 2580, 1210, 1611, 1820, -477,
    1884, -496, 189, 1154, -169, 1394, -804, -255,
    2063, 294, -136, 1342, 1419, -273, 112, -1722,
], np.float64).reshape(1, 7, 8)


def function(x):
    return lax.conv_general_dilated(
        x,
        w,
        (1,),
        ((2, 0),),
        rhs_dilation=(1,),
        dimension_numbers=("NWC", "WIO", "NWC"),
        feature_group_count=1,
    )


dx = jax.vjp(function, x)[1](dy)[0]

assert dx.dtype == "float32", dx.dtype
actual = np.asarray(dx).astype(np.float64)
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
