"""jax conv/native: 1 of 2 elements are wrong, such as nan where -377 is due (output channel 0)

Convolve with ``lax.conv_general_dilated``, a padding rule by its name. 1-D: 1 image of 1 with 2
channels, 2 filters of 1, 2 groups, no padding, output 1; float64, channels last, NaN and
infinities among small integers.

Known: XLA on CPU makes float64 groups dense, zeros between: NaN reaches the other groups (not
reported before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax conv/native conv1d:i1_c2_k1_o2_g2_float64_nonfinite
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
from jax import numpy as jnp
from jax import lax

x = jnp.array(np.array([-29, np.nan], np.float64).reshape(1, 1, 2))
w = jnp.array(np.array([13, -19], np.float64).reshape(1, 1, 2))
expected = np.array([-377, np.nan], np.float64).reshape(1, 1, 2)
nan_too = np.array([0, 0], bool).reshape(1, 1, 2)

y = lax.conv_general_dilated(
    x,
    w,
    (1,),
    "VALID",
    rhs_dilation=(1,),
    dimension_numbers=("NWC", "WIO", "NWC"),
    feature_group_count=2,
)

assert y.dtype == "float64", y.dtype
actual = np.asarray(y).astype(np.float64)
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
