"""torch backprop_filter/per_sample: raised, RuntimeError: slow_conv2d: grad_weight must be
contiguous

Add up the d_w of each sample, taken under ``func.vmap`` over the batch. 2-D: 2 images of 1x1
with 2 channels, 2 filters of 3x3, padding 1 on every side, output 1x1; float64, channels last,
exact small integers.

Known: vmap of the filter's vjp: 'slow_conv2d: grad_weight must be contiguous'
(https://github.com/pytorch/vision/issues/6001)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_filter/per_sample conv2d:n2_i1_c2_k3_o2_p1_float64
"""

import numpy as np
import torch
import torch.nn.functional as F

x = np.array([26, 16, -20, 7], np.float64).reshape(2, 1, 1, 2)
x = torch.from_numpy(x).movedim(-1, 1)
w = np.array([
    5, 27, 12, 14, -6, -28, -13, 6, 19, 31, -26, 24, -17, 19, 27, -12, 26, 6,
    -6, 7, 20, 24, -11, 21, 29, -27, -25, -1, -25, 19, -12, 27, -7, 20, 4, -2,
], np.float64).reshape(2, 3, 3, 2)
w = torch.from_numpy(w).movedim(-1, 1)
dy = np.array([1, 21, -10, 26], np.float64).reshape(2, 1, 1, 2)
dy = torch.from_numpy(dy).movedim(-1, 1)
expected = np.array([
    0, 0, 0, 0, 226, 0, 0, 0, 0, 0, 0, 0, 0, -54, 0, 0, 0, 0,
    0, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0, 0, 518, 0, 0, 0, 0,
], np.float64).reshape(2, 2, 3, 3)


def each(x, dy):
    return torch.func.vjp(
        lambda w: F.conv2d(x[None], w, None, (1, 1), (1, 1), (1, 1), 1)[0], w
    )[1](dy)[0]


dw = torch.func.vmap(each)(x, dy).sum(0)

assert dw.dtype == torch.float64, dw.dtype
actual = dw.detach().cpu().double().numpy()
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
