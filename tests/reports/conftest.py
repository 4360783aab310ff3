"""Sample runs: small ones by hand, and a large one that has some of everything."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from convergent.harness.outcome import Outcome, Worst
from convergent.harness.record import End, Header, Loaded, Run

CASES = tuple(
    f"conv{dims}d:n2_i{size}_c4_k{kernel}_o6{stride}{padding}{dtype}{data}"
    for dims in (1, 2)
    for size in (9, 12)
    for kernel in (2, 3)
    for stride in ("", "_s2")
    for padding in ("", "_pSAME")
    for dtype in ("", "_float16", "_bfloat16")
    for data in ("", "_normal")
)
METHODS = {
    "torch": {
        "conv": ("native", "unfold_mm", "jvp_x", "vmap_batch"),
        "backprop_input": ("autodiff", "native", "via_conv", "vjp"),
        "backprop_filter": ("autodiff", "native", "double_backward", "per_sample"),
        "transpose": ("native", "via_conv"),
        "jacobian_input": ("jacrev",),
    },
    "tensorflow": {
        "conv": ("native", "keras", "raw_op", "forward_accumulator"),
        "backprop_input": ("autodiff", "backprop_op", "via_conv"),
        "backprop_filter": ("autodiff", "backprop_op", "via_conv"),
        "transpose": ("native", "keras"),
    },
    "jax": {
        "conv": ("native", "jvp_x", "linear_transpose"),
        "backprop_input": ("autodiff", "via_conv", "vjp"),
        "backprop_filter": ("autodiff", "batch_groups"),
        "transpose": ("native", "lhs_dilation"),
        "jacobian_input": ("jacfwd", "jacrev"),
    },
    "scipy": {"conv": ("native",), "backprop_input": ("native",)},
}
DETAILS = {
    "raised": "RuntimeError: could not create a primitive descriptor for the convolution backward",
    "crashed": "signal SIGSEGV in mkldnn_convolution_backward_weights",
    "timed_out": "no answer within 30 s; the worker was killed",
    "mistrusted": "all expected values are zero",
}


def make_outcome(**fields: Any) -> Outcome:
    """Return an outcome; what is not said is usual."""
    usual = {
        "variant": "torch",
        "op": "conv",
        "method": "native",
        "case": "conv1d:i8_k3",
        "verdict": "agrees",
        "seconds": 0.001,
    }
    return Outcome(**(usual | fields))


def make_wrong(**fields: Any) -> Outcome:
    """Return an outcome that differs in two elements."""
    worst = Worst(index=(0, 3, 1), expected=1.5, actual=1.25, bound=3e-7)
    usual = {"verdict": "differs", "ratio": 8.1e5, "ulp": 2.1e6, "outside": 2, "size": 648}
    return make_outcome(**(usual | {"worst": worst, "where": "last column"} | fields))


def make_run(*outcomes: Outcome, variants: tuple[Loaded, ...] = (), **fields: Any) -> Run:
    """Return a whole run of ``outcomes``."""
    names = dict.fromkeys([*(o.variant for o in outcomes), *(v.name for v in variants)])
    usual = {
        "version": "0.1.0",
        "started": "2026-01-02T03:04:05Z",
        "argv": ["run", "--suite", "ci"],
        "suite": "ci",
        "seed": 7,
        "variants": list(names),
        "cases": len({o.case for o in outcomes}),
        "checks": len(outcomes),
        "plan": "a1b2c3",
        "environment": {"python": "3.11.2", "cpu": {"model": "Example 9000", "cores": 2}},
    }
    end = End(finished="2026-01-02T03:05:05Z", wall=60.0, workers=55.0, harness=4.2, framework=41.0)
    kept = {"path": "runs/ci.jsonl", "end": end, "damaged": 0}
    kept |= {name: fields.pop(name) for name in tuple(kept) if name in fields}
    described = {name: Loaded(name=name, loaded={"version": "2.0"}) for name in names}
    described |= {v.name: v for v in variants}
    header = Header(**(usual | fields))
    return Run(header=header, variants=described, outcomes=list(outcomes), **kept)


def make_large_run(cases: tuple[str, ...] = CASES, seed: int = 1) -> Run:
    """Return a run of some thousand checks with some findings of every verdict."""
    draw = random.Random(seed)
    outcomes = [
        _drawn(draw, variant, op, method, case)
        for variant, ops in METHODS.items()
        for op, methods in ops.items()
        for method in methods
        for case in cases
    ]
    absent = Loaded(name="torch:compile", error="No module named 'torch' in /opt/venv/bin/python")
    return make_run(*outcomes, variants=(absent,))


def _drawn(draw: random.Random, variant: str, op: str, method: str, case: str) -> Outcome:
    place = {"variant": variant, "op": op, "method": method, "case": case}
    figures = {"seconds": draw.lognormvariate(-7, 0.8), "size": 648, "ratio": 0.0, "ulp": 0.0}
    if case.endswith("normal"):
        figures |= {"ratio": min(0.98, draw.lognormvariate(-1.6, 0.6)), "ulp": draw.random() * 3}
    if variant == "tensorflow" and "_float16" in case and op != "conv":
        reason = "gradients of float16 are not offered on CPU"
        return make_outcome(**place, verdict="unsupported", detail=reason, seconds=0.0)
    if (variant, method) == ("torch", "via_conv") and "_s2" in case and "k2" in case:
        return make_wrong(**place, where="last row and last column", ratio=draw.uniform(1e5, 9e5))
    if (variant, method) == ("tensorflow", "backprop_op") and "bfloat16_normal" in case:
        model = "accumulates in bfloat16"
        return make_wrong(**place, verdict="degraded", ratio=draw.uniform(8, 90), model=model)
    if (variant, method) == ("jax", "batch_groups") and "bfloat16_normal" in case:
        known = "JAX sums per-sample gradients in bfloat16 (jax#00000)"
        ratio = draw.uniform(8, 90)
        model = "accumulates in bfloat16"
        return make_wrong(**place, verdict="degraded", ratio=ratio, model=model, known=known)
    if draw.random() < 0.002:
        verdict = draw.choice(tuple(DETAILS))
        return make_outcome(**place, verdict=verdict, detail=DETAILS[verdict])
    note = "erratum: the golden printed 3.5 here, the oracle and all frameworks give 3.25"
    noted = {"note": note} if case == CASES[0] and op == "conv" else {}
    return make_outcome(**place, **figures, **noted)


@pytest.fixture
def outcome() -> Callable[..., Outcome]:
    """Return the maker of one outcome."""
    return make_outcome


@pytest.fixture
def wrong() -> Callable[..., Outcome]:
    """Return the maker of one outcome that differs."""
    return make_wrong


@pytest.fixture
def run_of() -> Callable[..., Run]:
    """Return the maker of one run."""
    return make_run


@pytest.fixture
def large_run() -> Run:
    """Return a run of some thousand checks."""
    return make_large_run()
