"""tensorflow transpose/per_sample: raised, InvalidArgumentError: ...
p/w/v/lib/python3.11/site-packages/tensorflow/python/ops/parallel_for/control_flow_ops.py", line
212, in f Tried to stack elements of an empty list with non-fully-defined element_shape:
[?,?,?,?,?] [[{{node loop_body/conv3d_transpose/pfor/TensorArrayV2Stack/TensorListStack}}]]
[Op:__inference_f_815]

``tf.vectorized_map`` of ``tf.nn.conv*d_transpose`` over the samples. 3-D: 0 images of 4x4x4
with 2 channels, 3 filters of 2x2x2, no padding, output 3x3x3; float32, channels last, exact
small integers.

Known: a vectorized map falls back to a loop, which has no shape to return after no round (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow transpose/per_sample conv3d:n0_i4_c2_k2_o3
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

w = np.array([
    -10, 30, 9, -28, -23, -14, -10, 7, 32, 28, -20, 30,
    -2, 5, 31, -19, 27, 4, 18, 9, -21, 7, -30, 17,
    -16, -32, -16, 26, -5, 6, -11, -16, 10, -15, -23, -18,
    -32, 15, 29, 4, 9, -11, 28, 19, 29, 30, 12, -13,
], np.float32).reshape(2, 2, 2, 2, 3)
w = tf.constant(w)
dy = tf.constant(np.array([], np.float32).reshape(0, 3, 3, 3, 3))
expected = np.array([], np.float64).reshape(0, 4, 4, 4, 2)


def function(dy):
    return tf.nn.conv3d_transpose(
        dy[None], w, [1, 4, 4, 4, 2], [1, 1, 1, 1, 1], "VALID", "NDHWC", [1, 1, 1, 1, 1]
    )[0]


dx = tf.vectorized_map(function, dy)

assert dx.dtype.name == "float32", dx.dtype
actual = dx.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
