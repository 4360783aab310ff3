"""tensorflow backprop_filter/layer: 1 of 2 elements are wrong, such as nan where -inf is due
(kernel column 0)

Gradient of a ``tf.keras.layers.Conv*D`` with respect to its kernel. 1-D: 1 image of 5 with 1
channel, 1 filter of 2, dilation 2 (the kernel covers 3), no padding, output 3; float32,
channels last, NaN and infinities among small integers, seed 1.

Known: dilation by SpaceToBatchND: zeros that lengthen d_y meet NaN and infinities of the image
(not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/layer conv1d:i5_k2_d2_nonfinite_seed1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-23, -18, -10, np.inf, -5], np.float32).reshape(1, 5, 1))
w = tf.constant(np.array([3, 6], np.float32).reshape(2, 1, 1))
dy = tf.constant(np.array([np.inf, 4, 17], np.float32).reshape(1, 3, 1))
expected = np.array([-np.inf, np.nan], np.float64).reshape(2, 1, 1)
nan_too = np.array([0, 0], bool).reshape(2, 1, 1)

layer = tf.keras.layers.Conv1D(
    kernel_size=(2,),
    strides=(1,),
    padding="valid",
    data_format="channels_last",
    dilation_rate=(2,),
    dtype="float32",
    use_bias=False,
    filters=1,
    groups=1,
)
layer.build((None, None, 1))
layer.kernel.assign(w)
with tf.GradientTape() as tape:
    value = layer(x)
dw = tape.gradient(value, layer.kernel.value, output_gradients=dy)

assert dw.dtype.name == "float32", dw.dtype
actual = dw.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = (actual != expected) & ~(np.isnan(actual) & (np.isnan(expected) | nan_too))
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
