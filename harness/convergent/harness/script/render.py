"""Recorded statements as Python that a person would have written.

A value that is used once, where nothing happens in between, has no name of its own; a function of
one short expression is a lambda.
"""

from __future__ import annotations

import builtins
import keyword
from collections import Counter
from collections.abc import Sequence

import numpy as np

from convergent.harness.script import literal, order
from convergent.harness.script.node import Block, Expr, Statement, last_name

WIDTH = 96
_SHORT = 64  # an expression beyond has a name of its own
_INDENT = "    "
_NO_END = 1 << 20  # room for any expression on one line
_TAKEN = {*keyword.kwlist, *dir(builtins), "np", "os", "sys"}
_ATOMS = {"name", "operand", "root", "attr", "call", "item", "constant", "tuple", "list", "dict"}


def lines(block: Block, result: str, names: Sequence[str], roots: Sequence[str] = ()) -> list[str]:
    """Return the source of ``block``, whose value is called ``result``.

    ``names`` are those of the operands and whatever else is there already.
    """
    order.forget(block)
    return _Writer({*names, *roots, result}).top(block, result)


def roots(block: Block) -> set[str]:
    """Return the roots (``torch``, ``F``) that ``block`` reaches its framework by."""
    return {expr.parts[0] for expr in order.walk_block(block) if expr.kind == "root"}


def used(block: Block) -> set[str]:
    """Return the names of the operands that ``block`` uses."""
    return {str(expr.parts[0]) for expr in order.walk_block(block) if expr.kind == "operand"}


class _Writer:
    """Writes blocks, one scope inside another."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = _TAKEN | taken
        self._names: dict[int, str] = {}  # of expressions that have one
        self._texts: dict[int, str] = {}  # of expressions written where they are used
        self._out: list[str] = []
        self._heads: set[int] = set()  # of which one takes a part at once
        self._open: dict[int, Expr] = {}  # heads that may be laid out in lines
        self._functions: set[str] = set()

    def top(self, block: Block, result: str) -> list[str]:
        """Write the outermost block, whose value gets the name ``result``."""
        self._block(block, last=result)
        return self._out

    def _block(self, block: Block, *, last: str = "", returns: bool = False) -> None:
        uses, inline = order.count(block), order.inlinable(block)
        self._heads |= order.heads(block)
        for statement in block.statements:
            self._statement(statement, uses, inline, block.result if last else None, last)
        if block.result is None:
            return
        if returns:
            self._write("return ", block.result)
        elif last and self._names.get(id(block.result)) != last:
            self._write(f"{last} = ", block.result)

    def _statement(
        self, said: Statement, uses: Counter[int], inline: set[int], result: Expr | None, last: str
    ) -> None:
        expr = said.expr
        if said.body is not None:
            self._with(said, uses, inline, result, last)
        elif said.target is not None:
            self._write(f"{self.text(said.target)} = ", expr)
        elif not uses[id(expr)]:
            self._write("", expr)
        elif expr is result:
            self._write(f"{last} = ", expr)
            self._names[id(expr)] = last
        else:
            text = self.text(expr) if id(expr) in inline else ""
            if text and len(text) <= _SHORT:
                self._texts[id(expr)] = text
                return
            if text and id(expr) in self._heads:
                self._open[id(expr)] = expr
                return
            name = self._fresh(expr)
            self._write(f"{name} = ", expr)
            self._names[id(expr)] = name

    def _with(
        self, said: Statement, uses: Counter[int], inline: set[int], result: Expr | None, last: str
    ) -> None:
        head = f"with {self.text(said.expr)}"
        assert said.name is not None
        assert said.body is not None
        if uses[id(said.name)]:
            self._names[id(said.name)] = self._fresh(said.name)
            head += f" as {self._names[id(said.name)]}"
        self._out.append(f"{head}:")
        outer, self._out = self._out, []
        for statement in said.body.statements:
            self._statement(statement, uses, inline, result, last)
        inner = self._out[1:] if self._out and not self._out[0] else self._out
        outer += [_INDENT + line if line else "" for line in inner or ["pass"]]
        self._out = outer

    def _write(self, before: str, expr: Expr) -> None:
        self._out += (before + self.text(expr, WIDTH - len(before))).split("\n")

    def text(self, expr: Expr, room: int = _NO_END) -> str:
        """Return ``expr`` as source; a call that is longer than ``room`` is laid out in lines."""
        if id(expr) in self._names:
            return self._names[id(expr)]
        if id(expr) in self._texts:
            return self._texts[id(expr)]
        return str(getattr(self, f"_{expr.kind}")(expr, room))

    def _root(self, expr: Expr, _room: int) -> str:
        return str(expr.parts[0])

    _name = _operand = _root

    def _constant(self, expr: Expr, _room: int) -> str:
        value = expr.parts[0]
        if isinstance(value, np.ndarray):
            return literal.ones(value)
        return literal.plain(value)

    def _attr(self, expr: Expr, room: int) -> str:
        return f"{self._atom(expr.parts[0], room)}.{expr.parts[1]}"

    def _atom(self, expr: Expr, room: int = _NO_END) -> str:
        text = self.text(expr, room - 8 if room < _NO_END else room)
        whole = id(expr) in self._names or expr.kind in _ATOMS
        return text if whole else f"({text})"

    def _item(self, expr: Expr, room: int) -> str:
        return f"{self._atom(expr.parts[0], room)}[{self._index(expr.parts[1])}]"

    def _index(self, expr: Expr) -> str:
        if expr.kind == "tuple" and expr.parts:
            texts = [self._place(part) for part in expr.parts]
            return ", ".join(texts) + ("," if len(texts) == 1 else "")
        return self._place(expr)

    def _place(self, expr: Expr) -> str:
        if expr.kind != "slice":
            return self.text(expr)
        start, stop, step = ("" if _is_none(end) else self.text(end) for end in expr.parts)
        return f"{start}:{stop}" + (f":{step}" if step not in ("", "1") else "")

    def _slice(self, expr: Expr, _room: int) -> str:
        return f"slice({', '.join(self.text(end) for end in expr.parts)})"

    def _star(self, expr: Expr, _room: int) -> str:
        return f"*{self._atom(expr.parts[0])}"

    def _tuple(self, expr: Expr, _room: int) -> str:
        texts = [self.text(part) for part in expr.parts]
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"

    def _list(self, expr: Expr, room: int) -> str:
        texts = [self.text(part) for part in expr.parts]
        return _laid_out("[", texts, "]", room)

    def _dict(self, expr: Expr, _room: int) -> str:
        return f"{{{', '.join(f'{self.text(k)}: {self.text(v)}' for k, v in expr.parts)}}}"

    def _binary(self, expr: Expr, _room: int) -> str:
        sign, left, right = expr.parts
        return f"{self._atom(left)} {sign} {self._atom(right)}"

    def _unary(self, expr: Expr, _room: int) -> str:
        return f"{expr.parts[0]}{self._atom(expr.parts[1])}"

    def _call(self, expr: Expr, room: int) -> str:
        callee, given = expr.parts
        head = self._atom(callee, room)
        texts = [(f"{name}=" if name else "") + self.text(value) for name, value in given]
        long = [text if len(text) <= WIDTH else (f"{name}=" if name else "") +
                self.text(value, WIDTH) for text, (name, value) in zip(texts, given, strict=True)
                ]  # fmt: skip
        return _laid_out(f"{head}(", texts if room >= _NO_END else long, ")", room)

    def _function(self, expr: Expr, _room: int) -> str:
        """Return a lambda, or the name of a function that is written down first."""
        outer, self._out, taken = self._out, [], set(self._taken)
        names = self._parameters(expr)
        self._taken |= set(names)
        self._block(expr.parts[1], returns=True)
        inner, self._out = self._out, outer
        self._taken = taken | self._functions
        if len(inner) == 1 and not expr.hint:
            text = inner[0].removeprefix("return ")
            if len(text) <= _SHORT:
                self._texts[id(expr)] = f"lambda {', '.join(names)}: {text}"
                return self._texts[id(expr)]
        self._names[id(expr)] = name = self._fresh(expr, "function")
        self._functions.add(name)
        inner = inner[1:] if inner and not inner[0] else inner
        self._out += ["", f"def {name}({', '.join(names)}):"]
        self._out += [_INDENT + line if line else "" for line in inner]
        self._out.append("")
        return name

    def _parameters(self, expr: Expr) -> list[str]:
        """Name the parameters of a function: like nothing that it uses from outside."""
        parameters, body = expr.parts
        names: list[str] = []
        free = {
            self._names.get(id(found), str(found.parts[0]))
            for found in order.walk_block(body)
            if found.kind in ("name", "operand", "root") or id(found) in self._names
            if found not in parameters
        }
        for parameter in parameters:
            name = str(parameter.parts[0])
            while name in free or name in names or keyword.iskeyword(name):
                name += "_"
            names.append(name)
            self._names[id(parameter)] = name
        return names

    def _fresh(self, expr: Expr, otherwise: str = "") -> str:
        name = wanted = (expr.hint or otherwise or _word(expr)).lstrip("_")
        number = 2
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return name


def _word(expr: Expr) -> str:
    """Return a name for a value that the adapter has none for."""
    word = last_name(expr)
    return "out" if "conv" in word else word if word.isidentifier() and len(word) > 2 else "value"  # noqa: PLR2004


def _laid_out(head: str, texts: list[str], end: str, room: int) -> str:
    """Return ``head a, b end`` on one line, on three, or with a line for each text."""
    flat = f"{head}{', '.join(texts)}{end}"
    last = flat[head.rfind("\n") + 1 :]
    if (len(last) <= room and "\n" not in last) or not texts:
        return flat
    inner = ", ".join(texts)
    if len(inner) <= WIDTH - len(_INDENT) and "\n" not in inner:
        return f"{head}\n{_INDENT}{inner}\n{end}"
    lines = (line for text in texts for line in f"{text},".split("\n"))
    return "\n".join([head, *(_INDENT + line for line in lines), end])


def _is_none(expr: Expr) -> bool:
    return expr.kind == "constant" and expr.parts[0] is None
