"""What a framework would be asked: values that remember how they came about.

An adapter's method runs as it is, on the real case, with a ``Node`` in the place of the framework
and of every tensor. Python itself decides what the case decides; what is left is what was asked of
the framework: the calls, in their order, of a person who knows the case.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convergent.cases.errors import CannotWrite
from convergent.harness.script import shapes

if TYPE_CHECKING:
    from convergent.harness.script.tracer import Tracer

Shape = tuple[int, ...]


@dataclass(eq=False, kw_only=True, slots=True)
class Expr:
    """An expression: its ``kind`` and ``parts``, and what is known of its value.

    ``shape`` is a tensor's in the framework's layout, ``rank`` how many axes it has, ``arity`` the
    length of a sequence, ``hint`` the name that the adapter has for it.
    """

    kind: str
    parts: tuple[Any, ...] = ()
    shape: Shape | None = None
    rank: int | None = None
    arity: int | None = None
    hint: str = ""


@dataclass(eq=False, kw_only=True, slots=True)
class Block:
    """Statements in their order, and what is returned at their end."""

    statements: list[Statement] = field(default_factory=list)
    result: Expr | None = None


@dataclass(eq=False, kw_only=True, slots=True)
class Statement:
    """An expression evaluated here, or ``target = expr``, or ``with expr as name: body``."""

    expr: Expr
    target: Expr | None = None
    name: Expr | None = None
    body: Block | None = None


class Star:
    """All elements of a sequence of unknown length, where a call or a list takes them."""

    def __init__(self, expr: Expr) -> None:
        self.expr = expr


class Node:
    """A value of the framework's, known by its expression alone."""

    __slots__ = ("_expr", "_tracer")

    def __init__(self, tracer: Tracer, expr: Expr) -> None:
        object.__setattr__(self, "_tracer", tracer)
        object.__setattr__(self, "_expr", expr)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        shape = self._expr.shape
        if shape is not None and name in ("shape", "ndim"):
            return shape if name == "shape" else len(shape)
        if name == "ndim" and self._expr.rank is not None:
            return self._expr.rank
        if is_module(self._expr):
            return Node(self._tracer, Expr(kind="attr", parts=(self._expr, name)))
        return self._node("attr", self._expr, name)

    def __setattr__(self, name: str, value: Any) -> None:
        target = Expr(kind="attr", parts=(self._expr, name))
        self._tracer.say(Statement(expr=self._tracer.value(value), target=target))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int) and self._expr.kind in ("tuple", "list"):
            return Node(self._tracer, self._expr.parts[index])
        if _is_all(index):
            return self
        shape = shapes.of_item(self._expr.shape, index)
        return self._node("item", self._expr, self._tracer.value(index), shape=shape)

    def __setitem__(self, index: Any, value: Any) -> None:
        target = Expr(kind="item", parts=(self._expr, self._tracer.value(index)))
        self._tracer.say(Statement(expr=self._tracer.value(value), target=target))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 - what it stands for
        return self._tracer.call(self._expr, args, kwargs)

    def __enter__(self) -> Node:  # noqa: PYI034 - what the context gives is another value
        entered: Node = self._tracer.enter(self._expr)
        return entered

    def __exit__(self, *_raised: object) -> None:
        self._tracer.leave()

    def __iter__(self) -> Iterator[Any]:
        count = self._expr.arity
        if count is None and self._expr.shape:
            count = self._expr.shape[0]
        if count is None:
            count = _unpacked(sys._getframe(1))  # noqa: SLF001 - who asks decides
        if count is None:
            return iter([Star(self._expr)])
        return iter([self[place] for place in range(count)])

    def __bool__(self) -> bool:
        if self._expr.kind == "call" and last_name(self._expr) == "is_available":
            return True  # the check has run here
        raise CannotWrite(f"what {last_name(self._expr)!r} gives decides what follows")

    def __len__(self) -> int:
        if self._expr.shape:
            return int(self._expr.shape[0])
        raise TypeError(f"nobody knows how long {last_name(self._expr)!r} is")

    def __eq__(self, _other: object) -> bool:
        raise CannotWrite(f"what {last_name(self._expr)!r} is equal to decides what follows")

    __hash__ = object.__hash__

    def __neg__(self) -> Node:
        return Node._node(self, "unary", "-", self._expr)

    def _node(self, kind: str, *parts: Any, shape: Shape | None = None) -> Node:
        expr = Expr(kind=kind, parts=parts, shape=shape)
        self._tracer.say(Statement(expr=expr))
        return Node(self._tracer, expr)


def is_module(expr: Expr) -> bool:
    """Say whether ``expr`` is a module, or what a module holds: never anything that happens."""
    while expr.kind == "attr":
        expr = expr.parts[0]
    return expr.kind == "root"


def _is_all(index: Any) -> bool:
    """Say whether ``index`` takes every element in its place."""
    parts = index if isinstance(index, tuple) else (index,)
    ends = [(p.start, p.stop, p.step) for p in parts if isinstance(p, slice)]
    plain = all(end is None or isinstance(end, int) for triple in ends for end in triple)
    if not parts or not plain or any(p is not ... and not isinstance(p, slice) for p in parts):
        return False
    return all((a or 0, b, c or 1) == (0, None, 1) for a, b, c in ends)


def _binary(sign: str, *, turned: bool) -> Callable[[Node, Any], Node]:
    def combine(self: Node, other: Any) -> Node:
        pair = self._expr, self._tracer.value(other)
        first, second = reversed(pair) if turned else pair
        return self._node("binary", sign, first, second)

    return combine


for _name, _sign in {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "matmul": "@",
}.items():
    setattr(Node, f"__{_name}__", _binary(_sign, turned=False))
    setattr(Node, f"__r{_name}__", _binary(_sign, turned=True))


def _unpacked(frame: Any) -> int | None:
    """Return how many names ``frame`` unpacks a sequence into at this moment, if it does."""
    for instruction in dis.get_instructions(frame.f_code):
        if instruction.offset == frame.f_lasti:
            asked = instruction.opname.startswith("UNPACK_SEQUENCE")
            return int(instruction.arg or 0) if asked else None
    return None


def last_name(expr: Expr) -> str:
    """Return the word by which a person would know ``expr``."""
    while expr.kind in ("call", "item"):
        expr = expr.parts[0]
    return str(expr.parts[-1]) if expr.kind in ("attr", "root", "name") else expr.kind
