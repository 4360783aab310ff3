"""Mistakes of precision: operands, results or sums in a type narrower than is due.

What rounds each number once is recomputed so. Sums in 16 bits are recomputed in the orders that
kernels have: tap by tap, product by product, sample by sample; a sum in one of these orders must
give the very bits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from convergent.cases.dtypes import FORMATS, Float64, Format, round_to
from convergent.harness.bounds import growth
from convergent.harness.diagnose.mistake import NEEDED, Fit, Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "rounds the inputs to float32": "float64 operands are rounded to float32",
    "rounds the inputs to tf32": "operands are rounded to 11 bits, to nearest",
    "rounds the inputs to bfloat16": "operands are rounded to 8 bits, to nearest",
    "rounds the inputs to float16": "operands are rounded to float16",
    "rounds one input to tf32": "one operand is rounded to 11 bits",
    "rounds one input to bfloat16": "one operand is rounded to 8 bits",
    "cuts the inputs to tf32": "operands lose all bits but 11, without rounding",
    "cuts the inputs to bfloat16": "operands lose all bits but 8, without rounding",
    "rounds the result to float32": "every number of the result is one of float32",
    "rounds the result to tf32": "every number of the result has 11 bits",
    "rounds the result to bfloat16": "every number of the result has 8 bits",
    "rounds the result to float16": "every number of the result is one of float16",
    "cuts the result off": "a 16-bit result is rounded toward zero, not to nearest",
    "accumulates in float16": "partial sums are rounded to float16",
    "accumulates in bfloat16": "partial sums are rounded to bfloat16",
    "takes subnormal operands for zero": "operands below the smallest normal number are lost",
    "flushes subnormal results to zero": "results below the smallest normal number are lost",
}

_NARROWER = {
    "float64": ("float32", "tf32", "bfloat16", "float16"),
    "float32": ("tf32", "bfloat16", "float16"),
}
_MOST_STEPS = 128
_MOST_SUMMED = 1 << 23  # multiply-adds of one order of partial sums


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the computations with rounded operands, and without subnormal numbers."""
    if not subject.shaped:
        return
    form = FORMATS[subject.case.dtype]
    for name in () if subject.exact else _NARROWER.get(form.name, ()):
        narrow = FORMATS[name]
        rounded = functools.partial(round_to, form=narrow)
        reads = subject.reads
        every = _with(subject, reads, rounded)
        yield Mistake(f"rounds the inputs to {name}", every, partly=False, alike=False)
        if name not in ("tf32", "bfloat16"):
            continue
        cut = functools.partial(_cut, narrow)
        value = _with(subject, reads, cut)
        yield Mistake(f"cuts the inputs to {name}", value, partly=False)
        for role in reads if len(reads) > 1 else ():
            value = _with(subject, (role,), rounded)
            yield Mistake(f"rounds one input to {name}", value, choices=2, partly=False)
    if subject.case.data in ("tiny", "subnormal"):
        zeroed = functools.partial(_flushed, form)
        value = _with(subject, subject.reads, zeroed)
        yield Mistake("takes subnormal operands for zero", value, zeros=True, partly=False)
        result = _flush_result(subject, zeroed)
        yield Mistake("flushes subnormal results to zero", result, zeros=True, partly=False)


def sights(subject: Subject) -> Iterator[Fit]:
    """Yield what the numbers of the result themselves show: a narrower type, or its sums."""
    due = np.isinf(subject.target) if subject.case.data == "overflow" else False
    if not subject.shaped or not (np.isfinite(subject.actual) | due).all():
        return
    if np.array_equal(subject.actual, subject.target):  # a zero has the wrong sign
        return
    yield from _narrow_results(subject)
    if subject.narrow:
        yield from _cut_results(subject)
        yield from _narrow_sums(subject)


def _with(
    subject: Subject, roles: tuple[str, ...], change: Callable[[Float64], Float64]
) -> Callable[[Given], Float64]:
    def value(given: Given) -> Float64:
        return subject.right({**given, **{role: change(given[role]) for role in roles}})

    return value


def _cut(form: Format, values: Float64) -> Float64:
    """Return ``values`` with no more bits than ``form``, the others lost."""
    mantissa, exponent = np.frexp(values)
    scale = 2.0**form.precision
    return np.ldexp(np.trunc(mantissa * scale) / scale, exponent)


def _flushed(form: Format, values: Float64) -> Float64:
    return np.where(np.abs(values) < form.tiny, 0.0, values)


def _flush_result(
    subject: Subject, flush: Callable[[Float64], Float64]
) -> Callable[[Given], Float64]:
    return lambda given: flush(subject.right(given))


def _narrow_results(subject: Subject) -> Iterator[Fit]:
    """Yield types that hold all numbers of the result, which are the right ones rounded."""
    form, bound = FORMATS[subject.case.dtype], subject.question.bound
    for name in _NARROWER.get(form.name, ()):
        narrow = FORMATS[name]
        if not np.array_equal(round_to(subject.actual, narrow), subject.actual):
            continue
        rounding = narrow.unit_roundoff * np.abs(subject.expected.value) + narrow.eta
        if np.any(np.abs(subject.actual - subject.expected.value) > bound + rounding):
            continue
        # A number of the wide type is one of the narrow by chance once in 2**(bits lost).
        # A zero is one of every type, and says nothing.
        told = int(np.count_nonzero(np.unique(subject.actual[subject.wrong])))
        lost = form.precision - narrow.precision
        yield Fit(f"rounds the result to {name}", float(told * lost), NEEDED, 0)
        return


def _cut_results(subject: Subject) -> Iterator[Fit]:
    """Yield that every 16-bit number is the exact one without its last bits."""
    form, size = FORMATS[subject.case.dtype], np.abs(subject.expected.value)
    if not np.isfinite(size).all() or (size[size > 0] < form.tiny).any():
        return
    # A sum in the wider type is right up to its own roundings.
    unit = FORMATS[form.accumulator].unit_roundoff
    slack = growth(subject.expected.terms) * unit * subject.expected.magnitude
    slack = np.zeros_like(size) if subject.exact else slack
    came = np.abs(subject.actual)
    fits = (came >= _cut(form, np.maximum(size - slack, 0.0))) & (came <= _cut(form, size + slack))
    fits &= (np.sign(subject.actual) == np.sign(subject.expected.value)) | (came == 0)
    if fits.all():
        # Of numbers between two of the type, half would have gone up.
        same = _cut(form, np.maximum(size - slack, 0.0)) == _cut(form, size + slack)
        told = int(np.count_nonzero(same & (_cut(form, size) != size)))
        yield Fit("cuts the result off", float(told), NEEDED, 0)


def _narrow_sums(subject: Subject) -> Iterator[Fit]:
    """Yield the 16-bit type if a sum in it, in one of the orders of kernels, gives these bits."""
    dtype = subject.case.dtype
    form = FORMATS[dtype]
    for parts, products in _orders(subject):
        total = np.zeros(subject.target.shape)
        for part in parts:
            step = subject.right(part)
            total = round_to(total + (round_to(step, form) if products else step), form)
        if np.array_equal(total, subject.actual):
            wrong = subject.wrong
            ulp = np.spacing(np.abs(total[wrong])) * 2.0 ** (53 - form.precision)
            # An infinite error is beside the threshold: a unit in the last place is enough.
            apart = np.where(np.isfinite(subject.error[wrong]), subject.error[wrong] / ulp, 1.0)
            bits = float(np.log2(1 + apart).sum())
            right = subject.target.size - int(wrong.sum())
            # That the other elements come out right, to the bit, is evidence as well.
            yield Fit(f"accumulates in {dtype}", bits + right, NEEDED, 0)
            return


def _orders(subject: Subject) -> Iterator[tuple[list[Given], bool]]:
    """Yield orders of partial sums, and whether each part is rounded before it is added."""
    given, case = subject.given, subject.case
    taps = list(np.ndindex(*case.kernel))
    split: list[list[Given]] = []
    if "w" in subject.reads:
        by_tap = [_only(given, "w", tap) for tap in taps]
        split.append(by_tap)
        inward = subject.result == "dy"  # the input channels are summed, or the outputs of a group
        size = case.w_shape[-2] if inward else case.out_channels // case.groups
        if len(taps) * size <= _MOST_STEPS:
            rest = (slice(None),) if inward else ()
            channels = [(..., slice(c, None, size), *rest) for c in range(size)]
            split.append([_only(g, "w", at) for g in by_tap for at in channels])
            split.append(
                [_only(_only(given, "w", at), "w", tap) for at in channels for tap in taps]
            )
    elif "dy" in subject.reads:
        samples = [_only(given, "dy", (n,)) for n in range(case.batch)]
        split.append(samples)
        places = list(np.ndindex(*case.output))
        if case.batch * len(places) <= _MOST_STEPS:
            split.append([_only(given, "dy", (n, *at)) for n in range(case.batch) for at in places])
            split.append([_only(given, "dy", (n, *at)) for at in places for n in range(case.batch)])
    for parts in split:
        if 1 < len(parts) <= _MOST_STEPS and len(parts) * case.macs <= _MOST_SUMMED:
            yield parts, False
            yield parts, True
            yield parts[::-1], True


def _only(given: Given, role: str, at: tuple[object, ...]) -> Given:
    """Return the operands with nothing left of one but what lies ``at`` a place."""
    kept = np.zeros_like(given[role])
    kept[at] = given[role][at]  # type: ignore[index]
    return {**given, role: kept}
