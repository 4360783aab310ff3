"""torch backprop_input/via_conv: differs, shape (1, 1, 1, 0), expected (1, 1, 1, 1)

Diagnosis: result without elements or shape of the filter or shape of the output.

Convolve d_y, zeros inserted, with the flipped filter of swapped channels. 2-D: 1 image of 1x1
with 1 channel, 0 filters of 1x1, no padding, output 1x1; float32, channels last, exact small
integers.

Known: the convolution of d_y without channels has no output channels either
(https://github.com/pytorch/pytorch/issues/101356)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_input/via_conv conv2d:i1_k1_o0
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([-6], np.float32).reshape(1, 1, 1, 1)).movedim(-1, 1)
w = torch.from_numpy(np.array([], np.float32).reshape(0, 1, 1, 1)).movedim(-1, 1)
dy = torch.from_numpy(np.array([], np.float32).reshape(1, 1, 1, 0)).movedim(-1, 1)
expected = np.array([0], np.float64).reshape(1, 1, 1, 1)

w2 = w.unflatten(0, (1, 0)).transpose(1, 2).flatten(0, 1).flip((2, 3))
dx = F.conv2d(F.pad(F.pad(dy, [0, 0, 0, 0]), [0, 0, 0, 0]), w2, None, (1, 1), (0, 0), (1, 1), 1)

assert dx.dtype == torch.float32, dx.dtype
actual = dx.detach().cpu().double().numpy()
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
