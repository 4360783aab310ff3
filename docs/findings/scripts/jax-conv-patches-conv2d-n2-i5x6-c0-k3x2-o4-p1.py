"""jax conv/patches: raised, ValueError: conv_general_dilated feature_group_count must be a
positive integer, got 0.

Multiply ``lax.conv_general_dilated_patches`` (im2col) with the filter as a matrix. 2-D: 2
images of 5x6 with 0 channels, 4 filters of 3x2, padding 1 on every side, output 5x7; float32,
channels last, exact small integers.

Known: conv_general_dilated_patches of no channels asks for as many groups: for none (not
reported before)

Seen with jax 0.10.2, jaxlib 0.10.2, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro jax conv/patches conv2d:n2_i5x6_c0_k3x2_o4_p1
"""

import os

os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np
from jax import numpy as jnp
from jax import lax

X = np.array([], np.float64).reshape(2, 5, 6, 0)
W = np.array([], np.float64).reshape(3, 2, 0, 4)
x = jnp.array(np.ascontiguousarray(X, np.float32))
w = jnp.array(np.ascontiguousarray(W, np.float32))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 2):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(5, 5, 1, 1, 1), (6, 7, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(2, 5, 6, 1, 0), w.reshape(3, 2, 0, 1, 4)
    total = np.zeros((2, 5, 7, 1, 4), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(2, 5, 7, 4)


expected = reference(X, W)
expected = (expected).astype(np.float32).astype(np.float64)

patches = lax.conv_general_dilated_patches(
    x,
    (3, 2),
    (1, 1),
    ((1, 1), (1, 1)),
    rhs_dilation=(1, 1),
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
)
reshape = jnp.einsum(
    "...gk,gok->...go",
    jnp.moveaxis(patches, 3, -1).reshape(2, 5, 7, 1, 0),
    jnp.moveaxis(w, (3, 2), (0, 1)).reshape(1, 4, 0),
).reshape((2, 5, 7, 4))
y = jnp.moveaxis(reshape, -1, 3)

assert y.dtype == "float32", y.dtype
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
