r"""A method of an adapter, run without its framework: what it would ask, in order.

>>> from convergent.cases.text import parse
>>> from convergent.harness.script import render
>>> block = method("torch", "conv/native", parse("conv2d:i4_k3_s2"))
>>> print("\n".join(render.lines(block, "y", ("x", "w", "dy"))))
y = F.conv2d(x, w, None, (2, 2), (0, 0), (1, 1), 1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convergent.backends import contracts, registry
from convergent.backends.base import Tensors
from convergent.cases.case import Case
from convergent.cases.errors import CannotWrite, UnknownMethod
from convergent.harness.script import frameworks
from convergent.harness.script.node import Block, Expr, Node
from convergent.harness.script.tracer import Tracer, operand_shapes


def method(variant: str, key: str, case: Case, *, whole: bool = False) -> Block:
    """Return what ``op/method`` asks of the framework for ``case``, in the variant's modes.

    The operands are called ``x``, ``w`` and ``dy``. ``whole``: as one function of them, which is
    the block's result. Raises ``CannotWrite`` for what only a run of the framework can tell.
    """
    asked = registry.variant(variant)
    found = asked.methods().get(key)
    if found is None:
        raise UnknownMethod(f"{variant} has no method {key!r}; see convergent list methods")
    backend = frameworks.get(asked.backend.name).hollow(asked.backend)
    tracer = Tracer(backend, case)
    for attribute in frameworks.get(asked.backend.name).roots:
        setattr(backend, attribute, tracer.node("root", attribute))
    modes = frozenset(mode.name for mode in asked.modes)
    backend.enable(modes)
    if "compile" in modes:
        _keep_frames(backend, tracer)
    tracer.block = Block()
    if modes & {"graph", "xla"}:
        _keep_layers(backend, tracer)
    operands = Tensors(
        *(
            tracer.node("operand", role, shape=shape)
            for role, shape in zip(Tensors._fields, operand_shapes(backend, case), strict=True)
        )
    )
    try:
        if found.op == "contract":
            result = tracer.value(backend.told(illegal(found.name, case)))
        else:
            call = backend.prepare(found.function, case)
            if whole and "jit" in modes:
                call(operands)  # it is compiled when it is first called
            result = _whole(tracer, call) if whole else tracer.value(call(operands))
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise CannotWrite(f"{key} of {case} is not written as a script: {error}") from error
    tracer.block.result = result
    return tracer.block


def _whole(tracer: Tracer, call: Callable[[Tensors], Any]) -> Expr:
    """Return ``call``, which may be compiled, as a function of the operands."""

    def compute(tensors: Tensors) -> Any:
        return call(tensors)

    return tracer.function(compute)


FORWARD_MODE = [
    "@contextlib.contextmanager",
    "def forward_mode():",
    "    with warnings.catch_warnings():",
    '        warnings.filterwarnings("ignore", "torch.jit", DeprecationWarning)',
    "        yield",
    "",
    "",
]
"""A context that ``torch.compile`` does not see through: it compiles the functions called in it."""


def _keep_frames(backend: Any, tracer: Tracer) -> None:
    """Keep the functions of PyTorch's adapter as such: its compiler takes each by itself."""
    backend.forward_mode = tracer.node("root", "forward_mode")
    for name in ("pull", "pull_twice", "vjp", "push", "push_dual", "linear"):
        kept = getattr(backend, name)

        def called(function: Any, *args: Any, kept: Callable[..., Any] = kept) -> Any:
            return kept(Node(tracer, tracer.function(function, "function")), *args)

        setattr(backend, name, called)


def _keep_layers(backend: Any, tracer: Tracer) -> None:
    """Make the layers of TensorFlow's adapter before the function that it traces.

    The adapter keeps a layer from one trace to the next: in each trace none may make variables.
    """
    built, top = backend._built, tracer.block  # noqa: SLF001 - what makes a layer

    def made(*args: Any, **kwargs: Any) -> Any:
        inner, tracer.block = tracer.block, top
        layer = built(*args, **kwargs)
        tracer.block = inner
        return layer

    backend._built = made  # noqa: SLF001 - as above


def switches(variant: str) -> Block:
    """Return what the modes of ``variant`` ask of the framework before anything is computed."""
    asked = registry.variant(variant)
    framework = frameworks.get(asked.backend.name)
    backend = framework.hollow(asked.backend)
    tracer = Tracer(backend, Case(input=(1,), kernel=(1,)))
    for attribute in framework.roots:
        setattr(backend, attribute, tracer.node("root", attribute))
    backend.enable(frozenset(mode.name for mode in asked.modes))
    return tracer.block


def illegal(name: str, case: Case) -> contracts.Told:
    """Return the illegal call ``name``; its operands are ones, float16 standing for bfloat16."""
    import dataclasses

    dtype = "float16" if case.dtype == "bfloat16" else case.dtype
    x, w, dy = (np.ones(shape, dtype) for shape in (case.x_shape, case.w_shape, case.y_shape))
    for breach in contracts.TABLE:
        for op in breach.ops:
            if f"{op}_{breach.name}" == name:
                legal = contracts.Told(
                    case=case,
                    op=op,
                    x=x,
                    w=w,
                    dy=dy,
                    size=case.input,
                    stride=case.stride,
                    dilation=case.dilation,
                    pads=case.pads,
                    groups=case.groups,
                )
                return dataclasses.replace(legal, **breach.change(legal))
    raise UnknownMethod(f"{name!r} is no illegal call")
