"""torch conv/tbc: 22 of 120 elements are wrong, such as -0.00732421875 where -0.00596809387 is due
(column 2 to 9, accumulates in bfloat16)

Diagnosis: accumulates in bfloat16.

Convolve with ``F.conv_tbc``. 1-D: 2 images of 11 with 2 channels, 5 filters of 3, padding 1
before and 2 after, output 12; bfloat16, channels last, normal data.

Known: F.conv_tbc and its backward function add each tap's product to a result in 16 bits (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/tbc conv1d:n2_i11_c2_k3_o5_p1+2_bfloat16_normal
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 2626986965]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = total - 6
    unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)
    values = np.rint(values / unit) * unit
    values[abs(values) > 3.3895313892515355e+38] *= np.inf
    return values


X = np.array([
    -1.09375, -1.0859375, 1.0859375, -0.37890625, 2, -0.337890625, -1.2109375, 0.7109375,
    0.1181640625, -1.1640625, -0.19921875, 0.57421875, 0.8671875, 0.8203125, 0.546875,
    -2.046875, 2.140625, -0.28515625, 1.1015625, -1.2734375, -0.353515625, -0.197265625,
    -0.8359375, -2.15625, 1.21875, -1, 0.10302734375, -0.486328125, 1.125, 0.546875,
    -0.7734375, -0.51171875, 0.5625, 1.5390625, 2.140625, -0.62890625, 0.7421875,
    0.271484375, 0.26171875, 0.04248046875, -1.875, -0.56640625, 0.03466796875, 0.240234375,
], np.float64).reshape(2, 11, 2)
W = np.array([
    -0.0537109375, -1.578125, 0.020263671875, 0.6953125, -0.70703125,
    0.169921875, -1.5703125, 0.76171875, -0.61328125, 1.078125,
    0.08251953125, 0.375, -0.279296875, -0.119140625, -1.078125,
    1.1796875, -0.06298828125, 0.88671875, -1.265625, 0.97265625,
    -1.484375, -0.36328125, -0.2099609375, 1.2109375, 0.7421875,
    0.7265625, -0.80859375, 0.5703125, -1.3203125, 0.546875,
], np.float64).reshape(3, 2, 5)
DY = drawn(2, (2, 12, 5))
assert zlib.crc32(DY.tobytes()) == 1402643671, "NumPy draws other numbers"
x = torch.from_numpy(np.ascontiguousarray(X, np.float32)).bfloat16().movedim(-1, 1)
w = np.ascontiguousarray(W.transpose(2, 0, 1), np.float32)
w = torch.from_numpy(w).bfloat16().movedim(-1, 1)
dy = torch.from_numpy(np.ascontiguousarray(DY, np.float32)).bfloat16().movedim(-1, 1)


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(11, 12, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(2, 11, 1, 2), w.reshape(3, 2, 1, 5)
    total = np.zeros((2, 12, 1, 5), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(2, 12, 5)


expected = reference(X, W)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
magnitude = reference(abs(X), abs(W))
terms = reference(np.ones_like(X), np.ones_like(W))
bound = np.minimum(terms, 0.25 * np.sqrt(terms) + 8.0) * 5.960464477539063e-08 * magnitude
bound += 0.00390625 * abs(expected) + terms * 4.591774807899561e-41
expected = expected.transpose(0, 2, 1)
bound = bound.transpose(0, 2, 1)

w2 = w.transpose(0, -1).contiguous()
y = F.conv_tbc(
    F.pad(x, [0, 1]).movedim(-1, 0).contiguous(), w2, w2.new_zeros(5), 1
).movedim(0, -1)

assert y.dtype == torch.bfloat16, y.dtype
actual = y.detach().cpu().double().numpy()
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
