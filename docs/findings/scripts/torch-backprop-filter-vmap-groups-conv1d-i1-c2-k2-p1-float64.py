"""torch backprop_filter/vmap_groups: raised, RuntimeError: slow_conv2d: grad_weight must be
contiguous

Pull the d_y of one group back to its filters under ``func.vmap`` over the groups. 1-D: 1 image
of 1 with 2 channels, 1 filter of 2, padding 1 on every side, output 2; float64, channels last,
exact small integers.

Known: vmap of the filter's vjp: 'slow_conv2d: grad_weight must be contiguous'
(https://github.com/pytorch/vision/issues/6001)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_filter/vmap_groups conv1d:i1_c2_k2_p1_float64
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([27, 5], np.float64).reshape(1, 1, 2)).movedim(-1, 1)
w = torch.from_numpy(np.array([31, 5, 7, -12], np.float64).reshape(1, 2, 2)).movedim(-1, 1)
dy = torch.from_numpy(np.array([-31, 28], np.float64).reshape(1, 2, 1)).movedim(-1, 1)
expected = np.array([756, -837, 140, -155], np.float64).reshape(1, 2, 2)


def one(x, w_, dy):
    return torch.func.vjp(
        lambda w: F.conv1d(x, w, None, (1,), (1,), (1,), 1), w_
    )[1](dy)[0]


dw = torch.func.vmap(one, (1, 0, 1))(
    x.unflatten(1, (1, 2)), w.unflatten(0, (1, 1)), dy.unflatten(1, (1, 1))
).flatten(0, 1)

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
