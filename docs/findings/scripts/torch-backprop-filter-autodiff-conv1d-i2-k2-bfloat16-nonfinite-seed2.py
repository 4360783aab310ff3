"""torch backprop_filter/autodiff: 1 of 2 elements are wrong, such as nan where inf is due (kernel
column 0)

Pull d_y back to w with ``autograd.grad``. 1-D: 1 image of 2 with 1 channel, 1 filter of 2, no
padding, output 1; bfloat16, channels last, NaN and infinities among small integers, seed 2.

Known: oneDNN pairs an odd place of the output with zero, times the next place's NaN or infinity
(not reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_filter/autodiff conv1d:i2_k2_bfloat16_nonfinite_seed2
"""

import numpy as np
import torch
import torch.nn.functional as F

x = np.array([-21, -np.inf], np.float32).reshape(1, 2, 1)
x = torch.from_numpy(x).bfloat16().movedim(-1, 1)
w = np.array([16, 4], np.float32).reshape(1, 2, 1)
w = torch.from_numpy(w).bfloat16().movedim(-1, 1)
dy = np.array([-np.inf], np.float32).reshape(1, 1, 1)
dy = torch.from_numpy(dy).bfloat16().movedim(-1, 1)
expected = np.array([np.inf, np.inf], np.float64).reshape(1, 1, 2)
nan_too = np.array([0, 0], bool).reshape(1, 1, 2)

leaf = w.detach()
leaf.requires_grad_()
dw = torch.autograd.grad(F.conv1d(x, leaf, None, (1,), (0,), (1,), 1), leaf, dy)[0]

assert dw.dtype == torch.bfloat16, dw.dtype
actual = dw.detach().cpu().double().numpy()
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
