"""tensorflow backprop_filter/layer: 1 of 4 elements are wrong, such as nan where 0 is due (kernel
column 0, output channel 1)

Gradient of a ``tf.keras.layers.Conv*D`` with respect to its kernel. 1-D: 1 image of 1 with 1
channel, 2 filters of 2, dilation 2 (the kernel covers 3), padding 1 on every side, output 1;
float32, channels last, NaN and infinities among small integers.

Known: dilation by SpaceToBatchND: zeros put around d_y meet the NaN of places that no output
sees (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/layer conv1d:i1_k2_o2_d2_p1_nonfinite
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([np.nan], np.float32).reshape(1, 1, 1))
w = tf.constant(np.array([-2, 9, 13, 32], np.float32).reshape(2, 1, 2))
dy = tf.constant(np.array([np.nan, -12], np.float32).reshape(1, 1, 2))
expected = np.array([0, 0, 0, 0], np.float64).reshape(2, 1, 2)
nan_too = np.array([1, 0, 1, 0], bool).reshape(2, 1, 2)

layer = tf.keras.layers.Conv1D(
    kernel_size=(2,),
    strides=(1,),
    padding="valid",
    data_format="channels_last",
    dilation_rate=(2,),
    dtype="float32",
    use_bias=False,
    filters=2,
    groups=1,
)
layer.build((None, None, 1))
layer.kernel.assign(w)
with tf.GradientTape() as tape:
    value = layer(tf.pad(x, [[0, 0], [1, 1], [0, 0]]))
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
