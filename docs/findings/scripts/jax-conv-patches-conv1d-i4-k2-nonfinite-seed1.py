"""jax conv/patches: 1 of 3 elements are wrong, such as nan where -inf is due (first column)

Multiply ``lax.conv_general_dilated_patches`` (im2col) with the filter as a matrix. 1-D: 1 image
of 4 with 1 channel, 1 filter of 2, no padding, output 3; float32, channels last, NaN and
infinities among small integers, seed 1.

Known: conv_general_dilated_patches multiplies by zeros: NaN fills the patch
(https://github.com/jax-ml/jax/issues/9972)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax conv/patches conv1d:i4_k2_nonfinite_seed1
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
from jax import numpy as jnp
from jax import lax

x = jnp.array(np.array([np.inf, 9, -20, -16], np.float32).reshape(1, 4, 1))
w = jnp.array(np.array([-25, 6], np.float32).reshape(2, 1, 1))
expected = np.array([-np.inf, -345, 404], np.float64).reshape(1, 3, 1)
nan_too = np.array([0, 0, 0], bool).reshape(1, 3, 1)

patches = lax.conv_general_dilated_patches(
    x, (2,), (1,), "VALID", rhs_dilation=(1,), dimension_numbers=("NWC", "WIO", "NWC")
)
reshape = jnp.einsum(
    "...gk,gok->...go",
    jnp.moveaxis(patches, 2, -1).reshape(1, 3, 1, 2),
    jnp.moveaxis(w, (2, 1), (0, 1)).reshape(1, 1, 2),
).reshape((1, 3, 1))
y = jnp.moveaxis(reshape, -1, 2)

assert y.dtype == "float32", y.dtype
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
