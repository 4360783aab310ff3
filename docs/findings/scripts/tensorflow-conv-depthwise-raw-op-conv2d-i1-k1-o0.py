"""tensorflow conv/depthwise_raw_op: raised, InvalidArgumentError: {{function_node
__wrapped____MklNativeDepthwiseConv2dNative_device_/job:localhost/replica:0/task:0/device:CPU:0}}
filter must not have zero elements (i.e. all dimensions must be non-zero)
[Op:DepthwiseConv2dNative] name:

``raw_ops.DepthwiseConv2dNative``. 2-D: 1 image of 1x1 with 1 channel, 0 filters of 1x1, no
padding, output 1x1; float32, channels last, exact small integers.

Known: depthwise and separable convolutions refuse a filter without output channels (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/depthwise_raw_op conv2d:i1_k1_o0
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-6], np.float32).reshape(1, 1, 1, 1))
w = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
expected = np.array([], np.float64).reshape(1, 1, 1, 0)

y = tf.raw_ops.DepthwiseConv2dNative(
    input=x,
    filter=tf.reshape(w, [1, 1, 1, 0]),
    strides=[1, 1, 1, 1],
    data_format="NHWC",
    dilations=[1, 1, 1, 1],
    padding="VALID",
)

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
