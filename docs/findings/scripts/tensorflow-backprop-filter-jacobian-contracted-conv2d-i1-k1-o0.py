"""tensorflow backprop_filter/jacobian_contracted: raised, InvalidArgumentError: {{function_node
__wrapped____MklNativeConv2D_device_/job:localhost/replica:0/task:0/device:CPU:0}} filter must
not have zero elements (i.e. all dimensions must be non-zero) [Op:Conv2D] name:

``tape.jacobian`` with respect to the filter, contracted with ``d_y``. 2-D: 1 image of 1x1 with
1 channel, 0 filters of 1x1, no padding, output 1x1; float32, channels last, exact small
integers.

Known: pfor makes a filter gradient without output channels a convolution that is refused (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/jacobian_contracted conv2d:i1_k1_o0
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-6], np.float32).reshape(1, 1, 1, 1))
w = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
dy = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
expected = np.array([], np.float64).reshape(1, 1, 1, 0)

with tf.GradientTape(persistent=False) as tape:
    tape.watch(w)
    value = tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID", "NHWC", [1, 1, 1, 1])
dw = tf.tensordot(dy, tape.jacobian(value, w, experimental_use_pfor=True), 4)

assert dw.dtype.name == "float32", dw.dtype
actual = dw.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
