"""jax backprop_filter/autodiff: 1 of 6 elements are wrong, such as nan where -209 is due (output
channel 3)

Pull d_y back to w with ``jax.vjp``. 1-D: 2 images of 1 with 3 channels, 6 filters of 1, 3
groups, no padding, output 1; float32, channels last, NaN and infinities among small integers.

Known: XLA on CPU dilates the axis of batch groups: NaN of one group meets zeros of others (not
reported before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax backprop_filter/autodiff conv1d:n2_i1_c3_k1_o6_g3_nonfinite
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
import jax
from jax import numpy as jnp
from jax import lax

x = jnp.array(np.array([27, -17, np.nan, 32, 27, -6], np.float32).reshape(2, 1, 3))
w = jnp.array(np.array([-16, 29, 30, 1, -5, 23], np.float32).reshape(1, 1, 6))
dy = np.array([
    -25, 14, -7, -29, 28, -29,
    31, np.nan, -13, -26, -11, 31,
], np.float32).reshape(2, 1, 6)
dy = jnp.array(dy)
expected = np.array([317, np.nan, -232, -209, np.nan, np.nan], np.float64).reshape(1, 1, 6)
nan_too = np.array([0, 0, 0, 0, 0, 0], bool).reshape(1, 1, 6)


def function(w):
    return lax.conv_general_dilated(
        x,
        w,
        (1,),
        "VALID",
        rhs_dilation=(1,),
        dimension_numbers=("NWC", "WIO", "NWC"),
        feature_group_count=3,
    )


dw = jax.vjp(function, w)[1](dy)[0]

assert dw.dtype == "float32", dw.dtype
actual = np.asarray(dw).astype(np.float64)
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
