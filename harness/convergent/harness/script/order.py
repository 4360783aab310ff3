"""What recorded statements depend on: what is used where, and what may move.

A value that is used once may be written where it is used if nothing happens in between; one that
nobody uses is left out unless it does something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from convergent.harness.script.node import Block, Expr, Statement, is_module, last_name

_ACTS = {"watch", "assign", "build", "backward"}  # and what ends in _ or begins so:
_SWITCHES = ("set_", "enable_", "use_")


def forget(block: Block) -> None:
    """Leave out what gives a value that nobody uses, and does nothing else."""
    while True:
        uses = count(block)
        if not _drop(block, uses):
            return


def _drop(block: Block, uses: Counter[int]) -> bool:
    kept = [s for s in block.statements if uses[id(s.expr)] or _does(s)]
    dropped = len(kept) < len(block.statements)
    block.statements = kept
    for statement in kept:
        inner = [e.parts[1] for top in _tops(statement) for e in _walk(top) if e.kind == "function"]
        inner += [statement.body] if statement.body is not None else []
        for held in inner:
            # What a function holds is used in it alone; what a with holds, in its surroundings.
            dropped |= _drop(held, uses if held is statement.body else count(held))
    if block.result is not None:
        for expr in _walk(block.result):
            if expr.kind == "function":
                forget(expr.parts[1])
    return dropped


def _does(statement: Statement) -> bool:
    if statement.target is not None or statement.body is not None:
        return True
    name = last_name(statement.expr) if statement.expr.kind == "call" else ""
    return name in _ACTS or name.endswith("_") or name.startswith(_SWITCHES)


def is_value(expr: Expr) -> bool:
    """Say whether ``expr`` is written down where it came about: an order may not change."""
    if expr.kind == "attr":
        return not is_module(expr)
    return expr.kind in ("call", "item", "binary", "unary", "name")


def _chain(expr: Expr) -> set[int]:
    """Return what ``expr`` begins with: of ``f(x)[0].y``, these are ``f(x)[0]`` and ``f(x)``."""
    found = set()
    while expr.kind in ("call", "item", "attr"):
        expr = expr.parts[0]
        found.add(id(expr))
    return found


def heads(block: Block) -> set[int]:
    """Return the calls of whose value a statement takes a part at once: ``call(...)[0]``."""
    found = set()
    for statement in block.statements:
        found |= _chain(statement.expr)
    if block.result is not None:
        found |= {id(block.result)} | _chain(block.result)
    return found


def _children(expr: Expr) -> Iterator[Expr]:
    for part in expr.parts:
        if isinstance(part, Expr):
            yield part
        elif isinstance(part, tuple):
            for item in part:
                if isinstance(item, Expr):
                    yield item
                elif isinstance(item, tuple):
                    yield from (inner for inner in item if isinstance(inner, Expr))


def _walk(expr: Expr) -> Iterator[Expr]:
    yield expr
    if expr.kind == "function":
        yield from walk_block(expr.parts[1])
        return
    for child in _children(expr):
        yield from _walk(child)


def walk_block(block: Block) -> Iterator[Expr]:
    """Yield every expression of ``block`` and of what it holds."""
    for statement in block.statements:
        yield from _walk(statement.expr)
        if statement.target is not None:
            yield from _walk(statement.target)
        if statement.body is not None:
            yield from walk_block(statement.body)
    if block.result is not None:
        yield from _walk(block.result)


def _tops(statement: Statement) -> Iterator[Expr]:
    """Yield what a statement evaluates, without itself being a use of its own value."""
    if statement.target is not None:
        yield statement.expr
        yield from _children(statement.target)
    elif statement.body is not None:
        yield statement.expr
    else:
        yield from _children(statement.expr)


def _calls(expr: Expr, *, inside: bool = False) -> Iterator[tuple[Expr, bool]]:
    """Yield the values that ``expr`` uses, and whether a function of its own does.

    A value is a statement of its own: what it uses is that statement's.
    """
    if is_value(expr):
        yield expr, inside
    elif expr.kind == "function":
        for statement in expr.parts[1].statements:
            yield from _of_statement(statement)
        if expr.parts[1].result is not None:
            yield from ((e, True) for e, _ in _calls(expr.parts[1].result))
    else:
        for child in _children(expr):
            yield from _calls(child, inside=inside)


def _of_statement(statement: Statement) -> Iterator[tuple[Expr, bool]]:
    for top in _tops(statement):
        yield from ((expr, True) for expr, _ in _calls(top))
    for inner in statement.body.statements if statement.body else ():
        yield from _of_statement(inner)


def count(block: Block) -> Counter[int]:
    """Count how often each call of ``block`` is used, in it and in what it holds."""
    found: Counter[int] = Counter()
    for statement in block.statements:
        found.update(id(expr) for expr, _ in _of_statement(statement))
    if block.result is not None:
        found.update(id(expr) for expr, _ in _calls(block.result))
    return found


def inlinable(block: Block) -> set[int]:
    """Return the calls that may be written where they are used: once, and nothing in between."""
    found: set[int] = set()
    _inline_in(block.statements, block.result, count(block), found)
    return found


def _inline_in(
    statements: list[Statement], result: Expr | None, uses: Counter[int], found: set[int]
) -> None:
    places: dict[int, int] = {}  # where each call's value is used, of those used here
    acts = []
    for at, statement in enumerate(statements):
        heads = [statement.expr] if statement.body is not None else list(_tops(statement))
        for head in heads:
            places.update((id(expr), at) for expr, inside in _calls(head) if not inside)
        acts.append(_acts(statement, uses))
        if statement.body is not None:
            _inline_in(statement.body.statements, None, uses, found)
    if result is not None:
        end = len(statements)
        places.update((id(expr), end) for expr, inside in _calls(result) if not inside)
    ends: dict[int, int] = {}
    for at in range(len(statements) - 1, -1, -1):
        statement = statements[at]
        key = id(statement.expr)
        plain = statement.target is None and statement.body is None
        if not plain or uses[key] != 1 or key not in places:
            continue
        user = places[key]
        end = ends.get(user, user)
        if not any(acts[at + 1 : end]) and not (acts[at] and end > at + 1):
            found.add(key)
            ends[at] = end


def _acts(statement: Statement, uses: Counter[int]) -> bool:
    """Say whether a statement does more than give a value."""
    if statement.target is not None or statement.body is not None:
        return True
    if statement.expr.kind != "call":
        return False
    return not uses[id(statement.expr)] or last_name(statement.expr).endswith("_")
