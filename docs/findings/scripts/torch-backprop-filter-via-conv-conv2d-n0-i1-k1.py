"""torch backprop_filter/via_conv: differs, shape (1, 1, 1, 0), expected (1, 1, 1, 1)

Diagnosis: result without elements.

Convolve x with d_y as its filter, batch and channels exchanged. 2-D: 0 images of 1x1 with 1
channel, 1 filter of 1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: a batch of none is a convolution without channels, which has no output channels either
(https://github.com/pytorch/pytorch/issues/101356)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_filter/via_conv conv2d:n0_i1_k1
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([], np.float32).reshape(0, 1, 1, 1)).movedim(-1, 1)
w = torch.from_numpy(np.array([-13], np.float32).reshape(1, 1, 1, 1)).movedim(-1, 1)
dy = torch.from_numpy(np.array([], np.float32).reshape(0, 1, 1, 1)).movedim(-1, 1)
expected = np.array([0], np.float64).reshape(1, 1, 1, 1)

exchanged = x.unflatten(1, (1, 1)).movedim(0, 2).transpose(0, 1).flatten(1, 2)
dw = F.conv2d(
    F.pad(F.pad(exchanged, [0, 0, 0, 0]), [0, 0, 0, 0]),
    dy.transpose(0, 1),
    None,
    (1, 1),
    (0, 0),
    (1, 1),
    1,
).transpose(0, 1)

assert dw.dtype == torch.float32, dw.dtype
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
