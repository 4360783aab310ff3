"""jax backprop_input/double_backward: 2 of 10 elements are wrong, such as nan where -476 is due
(column > 2, input channel 0)

Pull w back through the gradient ``x -> d_w``. 1-D: 1 image of 5 with 2 channels, 4 filters of
3, 2 groups, no padding, output 3; float32, channels last, NaN and infinities among small
integers.

Known: the gradient of a gradient pads the other operand: its zeros meet NaN and infinity (not
reported before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax backprop_input/double_backward conv1d:i5_c2_k3_o4_g2_nonfinite
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
import jax
from jax import numpy as jnp
from jax import lax

x = np.array([9, -2, -5, 12, 28, -4, -3, 11, np.nan, -1], np.float32).reshape(1, 5, 2)
x = jnp.array(x)
w = np.array([1, -32, -22, 25, 24, -8, 0, 10, -11, 4, 22, -2], np.float32).reshape(3, 1, 4)
w = jnp.array(w)
dy = np.array([
    -4, np.nan, -23, 26, 12, 16, -11, 23, -23, -18, 32, -14,
], np.float32).reshape(1, 3, 4)
dy = jnp.array(dy)
expected = np.array([
    np.nan, 1156, np.nan, 1077, np.nan, -1382, -476, -428, 181, 732,
], np.float64).reshape(1, 5, 2)
nan_too = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], bool).reshape(1, 5, 2)


def function2(x):
    def function(w):
        return lax.conv_general_dilated(
            x,
            w,
            (1,),
            "VALID",
            rhs_dilation=(1,),
            dimension_numbers=("NWC", "WIO", "NWC"),
            feature_group_count=2,
        )

    return jax.vjp(function, w)[1](dy)[0]


dx = jax.vjp(function2, x)[1](w)[0]

assert dx.dtype == "float32", dx.dtype
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
