"""tensorflow backprop_filter/autodiff: 6 of 8 elements are wrong, such as -inf where 0 is due
(scattered)

Diagnosis: larger than any sum of products.

Gradient of ``tf.nn.conv*d`` with respect to its filter, by a tape. 2-D: 3 images of 1x1 with 2
channels, 1 filter of 1x4, stride 1x3, padding SAME (0 before and 0 after x 1 before and 2
after), output 1x1; bfloat16, channels last, exact small integers, seed 4.

Known: oneDNN's bfloat16 backward-weights kernel leaves taps that meet padding alone unwritten
(not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/autodiff
conv2d:n3_i1_c2_k1x4_s1x3_pSAME_bfloat16_seed4
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

x = np.array([3, -6, -19, -5, 31, 24], np.float32).reshape(3, 1, 1, 2)
x = tf.constant(x.astype(tf.bfloat16.as_numpy_dtype))
w = np.array([-21, -4, 7, -11, -10, 12, -26, 16], np.float32).reshape(1, 4, 2, 1)
w = tf.constant(w.astype(tf.bfloat16.as_numpy_dtype))
dy = np.array([-24, -28, 21], np.float32).reshape(3, 1, 1, 1)
dy = tf.constant(dy.astype(tf.bfloat16.as_numpy_dtype))
expected = np.array([0, 0, 1112, 788, 0, 0, 0, 0], np.float64).reshape(1, 4, 2, 1)

with tf.GradientTape() as tape:
    tape.watch(w)
    value = tf.nn.conv2d(x, w, [1, 1, 3, 1], "SAME", "NHWC", [1, 1, 1, 1])
dw = tape.gradient(value, w, output_gradients=dy)

assert dw.dtype.name == "bfloat16", dw.dtype
actual = dw.numpy().astype(np.float64)
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
