"""tensorflow:no_onednn backprop_input/depthwise_raw_op: 1 of 1 elements are wrong, such as
3.39615136e+38 where 0 is due (everywhere)

Diagnosis: unwritten memory.

``raw_ops.DepthwiseConv2dNativeBackpropInput``. 2-D: 1 image of 1x1 with 1 channel, 0 filters of
1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: without output channels Eigen's depthwise kernel leaves d_x unwritten (not reported
before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:no_onednn backprop_input/depthwise_raw_op conv2d:i1_k1_o0
"""

import os
import sys

# glibc fills fresh memory with 0x7f then, so that what a kernel never writes shows.
if os.environ.get("MALLOC_PERTURB_") != "128":
    os.environ["MALLOC_PERTURB_"] = "128"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf

w = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
dy = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
expected = np.array([0], np.float64).reshape(1, 1, 1, 1)

dx = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
    input_sizes=[1, 1, 1, 1],
    filter=tf.reshape(w, [1, 1, 1, 0]),
    out_backprop=dy,
    strides=[1, 1, 1, 1],
    data_format="NHWC",
    dilations=[1, 1, 1, 1],
    padding="VALID",
)

assert dx.dtype.name == "float32", dx.dtype
actual = dx.numpy().astype(np.float64)
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
