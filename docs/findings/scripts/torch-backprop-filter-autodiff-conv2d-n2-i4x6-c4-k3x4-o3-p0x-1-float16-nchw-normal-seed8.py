"""torch backprop_filter/autodiff: 15 of 144 elements are wrong, such as -0.00123977661 where
-0.00105369091 is due (scattered, accumulates in float16)

Diagnosis: accumulates in float16.

Pull d_y back to w with ``autograd.grad``. 2-D: 2 images of 4x6 with 4 channels, 3 filters of
3x4, padding 0 before and 0 after x -1 before and -1 after, output 2x1; float16, channels first,
normal data, seed 8.

Known: gradients of samples are added in float16 where oneDNN has no float16 kernel (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_filter/autodiff
conv2d:n2_i4x6_c4_k3x4_o3_p0x-1_float16_nchw_normal_seed8
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [8, role, 3136657877]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = (total - 6).astype(np.float16).astype(np.float64)
    return values


X = drawn(0, (2, 4, 6, 4))
assert zlib.crc32(X.tobytes()) == 3224134542, "NumPy draws other numbers"
W = drawn(1, (3, 4, 4, 3))
assert zlib.crc32(W.tobytes()) == 3888762743, "NumPy draws other numbers"
DY = np.array([
    0.26708984375, 0.246826171875, 1.0029296875,
    0.73876953125, -0.0767822265625, -0.845703125,
    0.91259765625, -1.232421875, 0.3134765625,
    -0.265380859375, -1.1220703125, -0.38916015625,
], np.float64).reshape(2, 2, 1, 3)
x = torch.from_numpy(np.ascontiguousarray(X.transpose(0, 3, 1, 2), np.float16))
w = torch.from_numpy(np.ascontiguousarray(W.transpose(3, 2, 0, 1), np.float16))
dy = torch.from_numpy(np.ascontiguousarray(DY.transpose(0, 3, 1, 2), np.float16))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 4):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(4, 2, 1, 1, 0), (6, 1, 1, 1, -1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, dy):
    x, dy = x.reshape(2, 4, 6, 1, 4), dy.reshape(2, 2, 1, 1, 3)
    total = np.zeros((3, 4, 4, 1, 3), x.dtype)
    for tap, reads, adds in taps():
        total[tap] += np.einsum("ngc,ngo->cgo",
            x[reads].reshape(-1, 1, 4), dy[adds].reshape(-1, 1, 3))
    return total.reshape(3, 4, 4, 3)


expected = reference(X, DY)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
magnitude = reference(abs(X), abs(DY))
terms = reference(np.ones_like(X), np.ones_like(DY))
bound = np.minimum(terms, 0.25 * np.sqrt(terms) + 8.0) * 5.960464477539063e-08 * magnitude
bound += 0.00048828125 * abs(expected) + terms * 2.9802322387695312e-08
expected = expected.transpose(3, 2, 0, 1)
bound = bound.transpose(3, 2, 0, 1)

leaf = w.detach()
leaf.requires_grad_()
out = F.conv2d(F.pad(x, [-1, -1, 0, 0]), leaf, None, (1, 1), (0, 0), (1, 1), 1)
dw = torch.autograd.grad(out, leaf, dy)[0]

assert dw.dtype == torch.float16, dw.dtype
actual = dw.detach().cpu().double().numpy()
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = ~(abs(actual - expected) <= bound)
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
