"""The numbers of a case drawn in a script: the few lines of this project's generator it needs."""

from __future__ import annotations

import zlib

from convergent.cases import data
from convergent.cases.case import Case
from convergent.cases.dtypes import FORMATS


def generator(case: Case) -> list[str]:
    """Return the source of ``drawn(role, shape)``: float64 values, the same on every machine."""
    found = [
        "def drawn(role, shape):",
        '    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""',
        f"    entropy = [{case.seed}, role, {_geometry(case)}]",
        "    generator = np.random.PCG64(np.random.SeedSequence(entropy))",
    ]
    return [*found, *(f"    {line}" for line in _numbers(case)), "", ""]


def rounded(text: str, dtype: str) -> list[str]:
    """Return the body of ``values = text`` rounded to ``dtype`` once, as float64."""
    if dtype == "float64":
        return [f"values = {text}"]
    if dtype != "bfloat16":
        return [f"values = ({text}).astype(np.{dtype}).astype(np.float64)"]
    return [
        f"values = {text}",
        "unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)",
        "values = np.rint(values / unit) * unit",
        f"values[abs(values) > {FORMATS[dtype].largest!r}] *= np.inf",
    ]


def _geometry(case: Case) -> int:
    plain = case.replace(
        dtype="float32", layout="channels_last", memory="plain", data="exact", seed=0
    )
    return zlib.crc32(str(plain).encode())


def _numbers(case: Case) -> list[str]:
    if case.data == "normal":
        return [
            "words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)",
            "total = np.zeros(shape)",
            "for row in words:",
            "    total += (row >> np.uint64(11)) * 2.0**-53",
            *rounded("total - 6", case.dtype),
            "return values",
        ]
    words = "words = generator.random_raw(math.prod(shape))"
    if case.data == "uniform":
        return [
            words,
            *rounded("2 * ((words >> np.uint64(11)) * 2.0**-53).reshape(shape) - 1", case.dtype),
            "return values",
        ]
    limit = data.integer_limit(case)
    return [
        words,
        f"size = (words >> np.uint64(33)) % np.uint64({limit}) + np.uint64(1)",
        "values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)",
        *_special(case),
        "return values.reshape(shape)",
    ]


def _special(case: Case) -> list[str]:
    form = FORMATS[case.dtype]
    last = form.emin - form.precision + 1
    if case.data == "subnormal":
        return [f"values = np.ldexp(values, {-(-last // 2)})"]
    if case.data == "tiny":
        up = min(form.precision + 4, form.emax - 6)
        return [f"values = np.ldexp(values, {up} if role == 1 else {last})"]
    if case.data == "overflow":
        x, w, dy = data.overflow_exponents(case)
        return [
            f"odd = np.arange(values.size) % {max(1, case.out_channels)} % 2 if role else 0",
            f"values = np.ldexp(abs(values) * (1.0 - 2.0 * odd), {(x, w, dy)}[role])",
        ]
    if case.data == "nonfinite":
        return [
            "if role == 1:",
            "    values[6::7] = 0",
            "elif values.size:",
            "    places = np.arange(int(words[0]) % min(values.size, 24), values.size, 24)",
            f"    turns = np.arange(len(places)) + {case.seed}",
            '    values[places] = np.take([np.nan, np.inf, -np.inf], turns, mode="wrap")',
        ]
    if case.data == "signedzeros":
        return [
            "if role != 1:",
            "    zeros = values[: 3 * values.size // 4]",
            "    zeros[:] = np.copysign(0.0, zeros)",
        ]
    return []
