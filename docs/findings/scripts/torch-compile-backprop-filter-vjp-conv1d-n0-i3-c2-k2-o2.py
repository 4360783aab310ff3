"""torch:compile backprop_filter/vjp: raised, AssertionError: ... ected size 2==2, stride 2==1 at
dim=2 Error in op: torch.ops.aten.convolution_backward.default This error most often comes from
a incorrect fake (aka meta) kernel for a custom op. Use torch.library.opcheck to test your
custom op. See https://pytorch.org/docs/stable/library.html#torch.library.opcheck

Pull d_y back to w with ``func.vjp``. 1-D: 0 images of 3 with 2 channels, 2 filters of 2, no
padding, output 2; float32, channels last, exact small integers.

Known: inductor expects other strides of a filter's gradient than a batch of none gives it (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch:compile backprop_filter/vjp conv1d:n0_i3_c2_k2_o2
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([], np.float32).reshape(0, 3, 2)).movedim(-1, 1)
w = np.array([10, -5, -26, 21, -26, 19, 16, -24], np.float32).reshape(2, 2, 2)
w = torch.from_numpy(w).movedim(-1, 1)
dy = torch.from_numpy(np.array([], np.float32).reshape(0, 2, 2)).movedim(-1, 1)
expected = np.array([0, 0, 0, 0, 0, 0, 0, 0], np.float64).reshape(2, 2, 2)


def filter_vjp(x, w_, dy):
    return torch.func.vjp(
        lambda w: F.conv1d(x, w, None, (1,), (0,), (1,), 1), w_
    )[1](dy)[0]


dw = torch.compile(filter_vjp, dynamic=False)(x, w, dy)

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
