"""tensorflow conv/layer_depthwise: raised, ValueError: Invalid value for argument
`depth_multiplier`. Expected a strictly positive value. Received depth_multiplier=0.

``tf.keras.layers.DepthwiseConv1D``, ``DepthwiseConv2D``. 2-D: 1 image of 1x1 with 1 channel, 0
filters of 1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: Keras' layers demand at least one output channel
(https://github.com/tensorflow/tensorflow/pull/48566)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/layer_depthwise conv2d:i1_k1_o0
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-6], np.float32).reshape(1, 1, 1, 1))
w = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
expected = np.array([], np.float64).reshape(1, 1, 1, 0)

layer = tf.keras.layers.DepthwiseConv2D(
    kernel_size=(1, 1),
    strides=(1, 1),
    padding="valid",
    data_format="channels_last",
    dilation_rate=(1, 1),
    dtype="float32",
    use_bias=False,
    depth_multiplier=0,
)
layer.build((None, None, None, 1))
layer.kernel.assign(tf.reshape(w, [1, 1, 1, 0]))
y = layer(x)

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
