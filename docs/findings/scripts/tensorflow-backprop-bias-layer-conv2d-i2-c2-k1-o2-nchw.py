"""tensorflow backprop_bias/layer: 2 of 2 elements are wrong, such as -103 where -61 is due
(everywhere)

Gradient of a ``tf.keras.layers.Conv*D`` with respect to its bias. 2-D: 1 image of 2x2 with 2
channels, 2 filters of 1x1, no padding, output 2x2; float32, channels first, exact small
integers.

Known: Keras adds a bias along the width where it is as wide as there are channels, in NCHW (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_bias/layer conv2d:i2_c2_k1_o2_nchw
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([22, -25, -16, -27, -26, 24, -21, 20], np.float32).reshape(1, 2, 2, 2)
x = tf.constant(x)
w = tf.constant(np.array([16, -16, -1, -29], np.float32).reshape(1, 1, 2, 2))
dy = np.array([19, -26, -7, -29, -9, -16, -4, -32], np.float32).reshape(1, 2, 2, 2)
dy = tf.constant(dy)
expected = np.array([-43, -61], np.float64)

layer = tf.keras.layers.Conv2D(
    kernel_size=(1, 1),
    strides=(1, 1),
    padding="valid",
    data_format="channels_first",
    dilation_rate=(1, 1),
    dtype="float32",
    use_bias=True,
    filters=2,
    groups=1,
)
layer.build((None, 2, None, None))
layer.kernel.assign(w)
with tf.GradientTape() as tape:
    value = layer(x)
db = tape.gradient(value, layer.bias.value, output_gradients=dy)

assert db.dtype.name == "float32", db.dtype
actual = db.numpy().astype(np.float64)
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
