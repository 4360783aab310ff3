"""torch:compile conv/dual_input: raised, AttributeError: 'NoneType' object has no attribute
'detach'

Convolve a dual number, zeros and x, of ``autograd.forward_ad``. 1-D: 1 image of 2 with 1
channel, 1 filter of 1, padding 1 before and 0 after, output 3; float32, channels last, exact
small integers.

Known: what inductor compiles drops the tangent of a dual number; an op that it leaves to ATen
does not (https://github.com/pytorch/pytorch/issues/187284)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch:compile conv/dual_input conv1d:i2_k1_p1+0
"""

import contextlib
import warnings

import numpy as np
import torch
import torch.nn.functional as F


@contextlib.contextmanager
def forward_mode():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.jit", DeprecationWarning)
        yield


x = torch.from_numpy(np.array([-22, -30], np.float32).reshape(1, 2, 1)).movedim(-1, 1)
w = torch.from_numpy(np.array([13], np.float32).reshape(1, 1, 1)).movedim(-1, 1)
dy = torch.from_numpy(np.array([14, 31, 8], np.float32).reshape(1, 3, 1)).movedim(-1, 1)
expected = np.array([0, -286, -390], np.float64).reshape(1, 1, 3)


def conv_dual_input(x_, w, dy):
    with forward_mode():
        with torch.autograd.forward_ad.dual_level():
            def function(x):
                return F.conv1d(F.pad(x, [1, 0]), w, None, (1,), (0,), (1,), 1)

            function2 = function(torch.autograd.forward_ad.make_dual(torch.zeros_like(x_), x_))
            tangent = torch.autograd.forward_ad.unpack_dual(function2).tangent
    return tangent


y = torch.compile(conv_dual_input, dynamic=False)(x, w, dy)

assert y.dtype == torch.float32, y.dtype
actual = y.detach().cpu().double().numpy()
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
