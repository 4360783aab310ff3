"""torch:no_onednn jacobian_input/jacfwd: 368 of 864 elements are wrong, such as 2.38418579e-07
where 0 is due (scattered)

Return ``d y / d x`` by ``func.jacfwd``. 2-D: 1 image of 3x4 with 2 channels, 3 filters of 5x5,
padding 2 on every side, output 3x4; float32, channels last, exact small integers.

Known: NNPACK, by Winograd or FFT, gives small numbers where a Jacobian has zeros (not reported
before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch:no_onednn jacobian_input/jacfwd conv2d:i3x4_c2_k5_o3_p2
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F

torch.backends.mkldnn.set_flags(False)


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 1379783241]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


W = drawn(1, (5, 5, 2, 3))
assert zlib.crc32(W.tobytes()) == 1355946680, "NumPy draws other numbers"
x = np.array([
    -17, 22, 24, 26, 27, -21, -30, -25,
    -3, 31, -12, -6, -11, -6, -30, 25,
    21, -3, 31, -16, -7, -13, 2, 22,
], np.float32).reshape(1, 3, 4, 2)
x = torch.from_numpy(x).movedim(-1, 1)
w = np.ascontiguousarray(W.transpose(3, 0, 1, 2), np.float32)
w = torch.from_numpy(w).movedim(-1, 1)


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(5, 5):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(3, 3, 1, 1, 2), (4, 4, 1, 1, 2)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def conv(x, w):
    x, w = x.reshape(1, 3, 4, 1, 2), w.reshape(5, 5, 2, 1, 3)
    total = np.zeros((1, 3, 4, 1, 3), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(1, 3, 4, 3)


def reference(fixed):
    total = np.zeros((1, 3, 4, 3, 1, 3, 4, 2), fixed.dtype)
    for place in np.ndindex((1, 3, 4, 2)):
        unit = np.zeros((1, 3, 4, 2), fixed.dtype)
        unit[place] = 1
        total[(..., *place)] = conv(unit, fixed)
    return total


expected = reference(W)
expected = (expected).astype(np.float32).astype(np.float64)
expected = expected.transpose(0, 3, 1, 2, 4, 7, 5, 6)

jacobian = torch.func.jacfwd(lambda x: F.conv2d(x, w, None, (1, 1), (2, 2), (1, 1), 1))(x)

assert jacobian.dtype == torch.float32, jacobian.dtype
actual = jacobian.detach().cpu().double().numpy()
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
