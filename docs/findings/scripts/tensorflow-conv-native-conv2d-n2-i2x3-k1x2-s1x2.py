"""tensorflow conv/native: 2 of 4 elements are wrong, such as -inf where -675 is due (row 1)

Diagnosis: larger than any sum of products.

``tf.nn.conv1d``, ``conv2d``, ``conv3d``. 2-D: 2 images of 2x3 with 1 channel, 1 filter of 1x2,
stride 1x2, no padding, output 2x1, 0x1 trailing places unused; float32, channels last, exact
small integers.

Known: oneDNN leaves all rows but the first of a one-column output unwritten (strides 1, s > 1)
(https://github.com/pytorch/pytorch/issues/169688)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/native conv2d:n2_i2x3_k1x2_s1x2
"""

import os
import sys

# glibc fills fresh memory with 0x7f then, so that what a kernel never writes shows.
if os.environ.get("MALLOC_PERTURB_") != "128":
    os.environ["MALLOC_PERTURB_"] = "128"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([4, -6, -28, 18, -7, 25, 24, 22, 7, -18, -24, 16], np.float32).reshape(2, 2, 3, 1)
x = tf.constant(x)
w = tf.constant(np.array([-27, 27], np.float32).reshape(1, 2, 1, 1))
expected = np.array([-270, -675, -54, -162], np.float64).reshape(2, 2, 1, 1)

y = tf.nn.conv2d(x, w, [1, 1, 2, 1], "VALID", "NHWC", [1, 1, 1, 1])

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
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
