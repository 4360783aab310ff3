"""torch backprop_filter/autodiff: 8 of 36 elements are wrong, such as -inf where 0 is due (kernel
row 1, first and last kernel column)

Diagnosis: larger than any sum of products.

Pull d_y back to w with ``autograd.grad``. 2-D: 1 image of 1x1 with 2 channels, 2 filters of
3x3, stride 2, padding 1 on every side, output 1x1; bfloat16, channels last, exact small
integers.

Known: oneDNN's bfloat16 backward-weights kernel leaves taps that meet padding alone unwritten
(not reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_filter/autodiff conv2d:i1_c2_k3_o2_s2_p1_bfloat16
"""

import os
import sys

# glibc fills fresh memory with 0x7f then, so that what a kernel never writes shows.
if os.environ.get("MALLOC_PERTURB_") != "128":
    os.environ["MALLOC_PERTURB_"] = "128"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

import numpy as np
import torch
import torch.nn.functional as F

x = np.array([1, -7], np.float32).reshape(1, 1, 1, 2)
x = torch.from_numpy(x).bfloat16().movedim(-1, 1)
w = np.array([
    -30, 20, -23, 5, -2, -19, 5, -20, -16, -14, 1, 23, 13, 5, -13, -1, 3, 17,
    -9, 31, -7, 27, -32, -19, -7, -6, 22, 2, -18, -8, -13, -16, -31, -6, 11, 29,
], np.float32).reshape(2, 3, 3, 2)
w = torch.from_numpy(w).bfloat16().movedim(-1, 1)
dy = np.array([-6, -13], np.float32).reshape(1, 1, 1, 2)
dy = torch.from_numpy(dy).bfloat16().movedim(-1, 1)
expected = np.array([
    0, 0, 0, 0, -6, 0, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0,
    0, 0, 0, 0, -13, 0, 0, 0, 0, 0, 0, 0, 0, 91, 0, 0, 0, 0,
], np.float64).reshape(2, 2, 3, 3)

leaf = w.detach()
leaf.requires_grad_()
dw = torch.autograd.grad(F.conv2d(x, leaf, None, (2, 2), (1, 1), (1, 1), 1), leaf, dy)[0]

assert dw.dtype == torch.bfloat16, dw.dtype
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
