"""Recording what is asked of a framework: calls, their order, functions and ``with`` blocks."""

from __future__ import annotations

import functools
import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convergent.backends.base import Backend, Tensors
from convergent.cases.case import Case
from convergent.harness.script import shapes
from convergent.harness.script.node import Block, Expr, Node, Star, Statement, last_name

_OURS = "convergent/backends/"
_NO_NAMES = {"self", "t", "case", "how", "call"}


class Tracer:
    """Records what is asked of the framework; ``block`` is where statements go now."""

    def __init__(self, backend: Backend, case: Case) -> None:
        self.block = Block()
        self._backend, self._case = backend, case
        self._stack: list[Block] = []
        self._functions: dict[tuple[int, int], tuple[Any, Expr]] = {}

    @property
    def _operands(self) -> list[Node]:
        """The operands of the case, as a function's parameters have their shapes."""
        known = operand_shapes(self._backend, self._case)
        return [
            self.node("operand", role, shape=shape)
            for role, shape in zip(Tensors._fields, known, strict=True)
        ]

    def node(self, kind: str, *parts: Any, shape: tuple[int, ...] | None = None) -> Node:
        """Return a value that the framework would have."""
        return Node(self, Expr(kind=kind, parts=parts, shape=shape))

    def say(self, statement: Statement) -> None:
        """Write a statement down."""
        self._take_names()
        self.block.statements.append(statement)

    def call(self, callee: Expr, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Write a call down and return its value."""
        if callee.kind == "attr" and callee.parts[1] == "to" and args == ("cpu",):
            return Node(self, callee.parts[0])
        if last_name(callee) == "pad" and len(args) > 1 and not _any(args[1]):
            return args[0]
        if args and isinstance(args[0], np.ndarray) and self._is_standing_in(args[0]):
            return self._bfloat16(callee, args[0])
        flat: list[Any] = []
        for argument in args:  # the operands are three arguments in a script
            flat += list(argument) if isinstance(argument, Tensors) else [argument]
        if flat and callable(flat[0]) and not isinstance(flat[0], Node | type):
            of = self._operands if _takes_operands(callee, flat[0]) else _primals(callee, flat)
            flat[0] = Node(self, self.function(flat[0], of=of))
        given: list[tuple[str | None, Expr]] = [(None, self.value(a)) for a in flat]
        given += [(name, self.value(argument)) for name, argument in kwargs.items()]
        found = Expr(kind="call", parts=(callee, tuple(given)))
        found.shape, found.arity = self._shape(callee, flat), _arity(callee, flat)
        if last_name(callee) == "conv_general_dilated":
            found.rank = len(flat[2]) + 2  # batch and channels beside the strided axes
        self.say(Statement(expr=found))
        if last_name(callee) == "requires_grad_":
            return Node(self, callee.parts[0])  # which it returns
        return Node(self, found)

    def enter(self, expr: Expr) -> Node:
        """Open a ``with`` block of ``expr``, which was called just before."""
        self._take_names()
        if self.block.statements and self.block.statements[-1].expr is expr:
            self.block.statements.pop()
        name = Expr(kind="name", parts=("context",))
        body = Block()
        self.block.statements.append(Statement(expr=expr, name=name, body=body))
        self._stack.append(self.block)
        self.block = body
        return Node(self, name)

    def leave(self) -> None:
        """Close the innermost ``with`` block."""
        self._take_names()
        self.block = self._stack.pop()

    def value(self, given: Any) -> Expr:  # noqa: PLR0911 - one return per kind
        """Return any value as an expression; a function is traced."""
        if isinstance(given, Node):
            expr: Expr = given._expr  # noqa: SLF001 - the two are one
            return expr
        if isinstance(given, Star):
            return Expr(kind="star", parts=(given.expr,))
        if isinstance(given, tuple | list):
            kind = "tuple" if isinstance(given, tuple) else "list"
            return Expr(kind=kind, parts=tuple(self.value(item) for item in given))
        if isinstance(given, dict):
            pairs = tuple((self.value(k), self.value(v)) for k, v in given.items())
            return Expr(kind="dict", parts=pairs)
        if isinstance(given, slice):
            ends = given.start, given.stop, given.step
            return Expr(kind="slice", parts=tuple(self.value(end) for end in ends))
        if callable(given) and not isinstance(given, type):
            return self.function(given)
        return Expr(kind="constant", parts=(given,))

    def function(self, given: Callable[..., Any], name: str = "", of: Sequence[Any] = ()) -> Expr:
        """Return a function of the adapter's as an expression: its parameters and its block.

        It will be called with tensors of the shapes of ``of``, where these are known.
        """
        key = (id(given), id(self.block))
        if key in self._functions:
            return self._functions[key][1]
        parameters: list[Expr] = []
        args: list[Any] = []
        for parameter in inspect.signature(given).parameters.values():
            if parameter.default is not parameter.empty:
                continue
            operands = "Tensors" in str(parameter.annotation)
            names = Tensors._fields if operands else (parameter.name,)
            exprs = [Expr(kind="name", parts=(word,), hint=word) for word in names]
            if operands:
                for expr, shape in zip(
                    exprs, operand_shapes(self._backend, self._case), strict=True
                ):
                    expr.shape = shape
            if len(parameters) < len(of) and isinstance(of[len(parameters)], Node):
                exprs[0].shape = of[len(parameters)]._expr.shape  # noqa: SLF001 - the two are one
            parameters += exprs
            nodes = [Node(self, expr) for expr in exprs]
            args.append(Tensors(*nodes) if operands else nodes[0])
        outer, self.block = self.block, Block()
        body = self.block
        result = self.value(given(*args))
        self._take_names()
        body.result, self.block = result, outer
        found = Expr(kind="function", parts=(tuple(parameters), body), hint=name or _name(given))
        self._functions[key] = (given, found)  # kept, so that the id stays its own
        return found

    def _is_standing_in(self, array: Any) -> bool:
        return self._case.dtype == "bfloat16" and array.dtype == np.float16

    def _bfloat16(self, callee: Expr, array: Any) -> Any:
        """Return the tensor of bfloat16 that ``callee`` makes of ones, which NumPy cannot hold."""
        wide = array.astype(np.float32)
        if last_name(callee) == "from_numpy":
            return self.call(callee, (wide,), {}).bfloat16()
        return self.call(callee, (wide, Node(self, callee.parts[0]).bfloat16), {})

    def _shape(self, callee: Expr, args: list[Any]) -> tuple[int, ...] | None:
        if callee.kind != "attr":
            return None
        base, name = callee.parts
        if base.shape is not None:
            return shapes.of_method(base.shape, name, args)
        if name == "conv_general_dilated_patches":
            size = self._case.in_channels * math.prod(self._case.kernel)
            canonical = (self._case.batch, *self._case.output, size)
            return tuple(canonical[axis] for axis in self._backend.axes("y", self._case))
        known = [a._expr.shape if isinstance(a, Node) else a for a in args]  # noqa: SLF001
        return shapes.of_function(name, known)

    def _take_names(self) -> None:
        """Give values the names that the adapter has for them in its running functions."""
        frame: Any = sys._getframe(1)  # noqa: SLF001 - names are nowhere else
        found: dict[int, tuple[Expr, str]] = {}
        while frame is not None:
            if _OURS in frame.f_code.co_filename:
                for name, value in frame.f_locals.items():
                    if isinstance(value, Node) and name not in _NO_NAMES:
                        expr = value._expr  # noqa: SLF001 - the two are one
                        found[id(expr)] = expr, name
            frame = frame.f_back
        for expr, name in found.values():  # the outermost function's word
            expr.hint = expr.hint or name


def operand_shapes(backend: Backend, case: Case) -> list[tuple[int, ...]]:
    """Return the shapes of the operands in the framework's layout."""
    found = []
    for role in "xwy":
        canonical = case.shape(role)
        found.append(tuple(canonical[axis] for axis in backend.axes(role, case)))
    return found


def _name(given: Callable[..., Any]) -> str:
    while isinstance(given, functools.partial):
        given = given.func
    name = getattr(given, "__name__", "")
    return "" if name == "<lambda>" else name.lstrip("_")


def _any(pads: Any) -> bool:
    """Say whether ``tf.pad`` or ``lax.pad`` has anything to do; ``F.pad`` lays out anew."""
    pairs = isinstance(pads, list) and all(isinstance(pair, list | tuple) for pair in pads)
    return not pairs or any(map(any, pads))


def _takes_operands(callee: Expr, given: Callable[..., Any]) -> bool:
    """Say whether ``given`` is compiled as a function of all operands."""
    names = tuple(inspect.signature(given).parameters)
    return last_name(callee) == "function" and names == Tensors._fields


def _primals(callee: Expr, args: Sequence[Any]) -> Sequence[Any]:
    """Return the tensors at which a transformation calls the function that it is given."""
    if last_name(callee) in ("vjp", "linearize", "linear_transpose"):
        return args[1:]
    return args[1] if last_name(callee) == "jvp" and isinstance(args[1], tuple) else ()


def _arity(callee: Expr, args: Sequence[Any]) -> int | None:
    """Return how many results a call has, where the frameworks' documentation says so."""
    name = last_name(callee)
    if name == "grad" and len(args) > 1 and isinstance(args[1], tuple | list):
        return len(args[1])
    return {"convolution_backward": 3}.get(name)
