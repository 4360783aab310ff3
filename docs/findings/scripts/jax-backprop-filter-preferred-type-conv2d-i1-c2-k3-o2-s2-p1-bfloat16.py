"""jax==0.9.2 backprop_filter/preferred_type: raised, TypeError: lax.conv_general_dilated requires
arguments to have the same dtypes, got bfloat16, float32.

Pull d_y back to w through a convolution with ``preferred_element_type``. 2-D: 1 image of 1x1
with 2 channels, 2 filters of 3x3, stride 2, padding 1 on every side, output 1x1; bfloat16,
channels last, exact small integers.

Known: the gradients of a convolution with preferred_element_type mix two dtypes and raise
(https://github.com/jax-ml/jax/issues/31592)

Seen with jax 0.9.2, jaxlib 0.9.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax==0.9.2 backprop_filter/preferred_type
conv2d:i1_c2_k3_o2_s2_p1_bfloat16
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
import jax
from jax import numpy as jnp
from jax import lax

x = jnp.array(np.array([1, -7], np.float32).reshape(1, 1, 1, 2).astype(jnp.bfloat16))
w = np.array([
    -30, -9, 20, 31, -23, -7, 5, 27, -2, -32, -19, -19,
    5, -7, -20, -6, -16, 22, -14, 2, 1, -18, 23, -8,
    13, -13, 5, -16, -13, -31, -1, -6, 3, 11, 17, 29,
], np.float32).reshape(3, 3, 2, 2)
w = jnp.array(w.astype(jnp.bfloat16))
dy = jnp.array(np.array([-6, -13], np.float32).reshape(1, 1, 1, 2).astype(jnp.bfloat16))
expected = np.array([
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, -6, -13, 42, 91, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], np.float64).reshape(3, 3, 2, 2)


def function(w):
    return lax.conv_general_dilated(
        x,
        w,
        (2, 2),
        ((1, 1), (1, 1)),
        rhs_dilation=(1, 1),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=1,
        preferred_element_type="float32",
    ).astype(w.dtype)


dw = jax.vjp(function, w)[1](dy)[0]

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
