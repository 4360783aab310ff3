"""torch conv/double_backward_input: raised, RuntimeError: The differentiated Tensor at index 0
appears to not have been used in the graph. Set allow_unused=True if this is the desired
behavior.

Pull x back through the gradient ``d_y -> d_x``. 2-D: 0 images of 1x1 with 1 channel, 1 filter
of 1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: with a batch of none the gradient is cut from its graph: no second derivative
(https://github.com/pytorch/pytorch/pull/32612)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/double_backward_input conv2d:n0_i1_k1
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([], np.float32).reshape(0, 1, 1, 1)).movedim(-1, 1)
w = torch.from_numpy(np.array([-13], np.float32).reshape(1, 1, 1, 1)).movedim(-1, 1)
dy = torch.from_numpy(np.array([], np.float32).reshape(0, 1, 1, 1)).movedim(-1, 1)
expected = np.array([], np.float64).reshape(0, 1, 1, 1)

leaf = x.detach()
leaf.requires_grad_()
cotangent = dy.detach()
cotangent.requires_grad_()
found = torch.autograd.grad(
    F.conv2d(leaf, w, None, (1, 1), (0, 0), (1, 1), 1), leaf, cotangent, create_graph=True
)[0]
y = torch.autograd.grad(found, cotangent, x)[0]

assert y.dtype == torch.float32, y.dtype
actual = y.detach().cpu().double().numpy()
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
