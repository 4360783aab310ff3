"""jax==0.8.2 transpose/native_consistent_padding: raised, TypeError: conv_transpose() got an
unexpected keyword argument 'use_consistent_padding'

Call ``lax.conv_transpose`` with the padding of the convolution that it transposes. 2-D: 1 image
of 3x3 with 1 channel, 1 filter of 2x2, no padding, output 2x2; float32, channels last, golden1.

Known: this version's conv_transpose has no use_consistent_padding
(https://github.com/jax-ml/jax/issues/32267)

Seen with jax 0.8.2, jaxlib 0.8.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax==0.8.2 transpose/native_consistent_padding conv2d:i3_k2_golden1
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
from jax import numpy as jnp
from jax import lax

w = jnp.array(np.array([3, 4, 5, 6], np.float32).reshape(2, 2, 1, 1))
dy = jnp.array(np.array([-1, 1, 2, -2], np.float32).reshape(1, 2, 2, 1))
expected = np.array([-3, -1, 4, 1, 1, -2, 10, 2, -12], np.float64).reshape(1, 3, 3, 1)

dx = lax.conv_transpose(
    dy,
    w,
    (1, 1),
    ((0, 0), (0, 0)),
    rhs_dilation=(1, 1),
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
    transpose_kernel=True,
    use_consistent_padding=True,
)

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
