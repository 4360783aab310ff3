"""The source of an adapter's method with everything of this project that it reaches.

For adapters that compute in NumPy themselves (SciPy's): there the Python is the algorithm, and is
written down as it is. The case becomes a ``SimpleNamespace`` of what is asked of it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from types import FunctionType, ModuleType
from typing import Any

from convergent.backends import registry
from convergent.cases.case import Case
from convergent.harness.script import literal

_OURS = "convergent."
_UNWRAPPED = "Values"  # an adapter's pair of an array and the dtype it is to be rounded to


def lines(backend: str, key: str, case: Case, result: str) -> list[str]:
    """Return the source that computes ``op/method`` of the arrays ``x``, ``w`` and ``dy``."""
    found = registry.get(backend).methods()[key].function
    bundle = _Bundle(registry.get(backend))
    name = bundle.add(found)
    body = [line for source in bundle.sources() for line in [*source.split("\n"), "", ""]]
    imports = [f"import {name}" for name in sorted(bundle.modules - {"np"})]
    asked = [f"    {name}={literal.plain(getattr(case, name))}," for name in sorted(bundle.asked)]
    return [
        *imports,
        "from dataclasses import dataclass",
        "from types import SimpleNamespace",
        "",
        "",
        *body,
        "case = SimpleNamespace(",
        *asked,
        ")",
        f"{result} = {name}(case, SimpleNamespace(x=x, w=w, dy=dy))",
    ]


class _Bundle:
    """Functions and classes, each with what it needs before it."""

    def __init__(self, backend: type[Any]) -> None:
        self.modules: set[str] = set()
        self.asked: set[str] = set()
        self._backend = backend
        self._found: dict[str, str] = {}

    def sources(self) -> list[str]:
        """Return the sources in the order in which they may stand."""
        return list(self._found.values())

    def add(self, thing: Any) -> str:
        """Take a function or a class in, and return its name."""
        name = str(thing.__name__)
        if name in self._found:
            return name
        self._found[name] = ""  # functions may call each other
        tree = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
        scope = vars(inspect.getmodule(thing))
        changed = ast.fix_missing_locations(_Rewrite(self, scope).visit(tree))
        del self._found[name]
        self._found[name] = ast.unparse(changed)
        return name

    def reach(self, found: Any, name: str) -> str | None:
        """Return the name by which a script has what a module of ours calls ``name``."""
        if isinstance(found, ModuleType) and not found.__name__.startswith(_OURS):
            self.modules.add(name)
            return name
        if getattr(found, "__module__", "").startswith(_OURS):
            return self.add(found)
        return None

    def method(self, name: str) -> str | None:
        """Return the name of a method of the adapter as a function, or ``None``."""
        found = getattr(self._backend, name, None)
        return self.add(found) if isinstance(found, FunctionType) else None


class _Rewrite(ast.NodeTransformer):
    """Turns methods into functions, records into dataclasses, and takes annotations away."""

    def __init__(self, bundle: _Bundle, scope: dict[str, Any]) -> None:
        self._bundle, self._scope, self._in_class = bundle, scope, False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Make a method a function."""
        node.returns, node.decorator_list = None, []
        if node.args.args and node.args.args[0].arg == "self" and not self._in_class:
            del node.args.args[0]
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Make a record a dataclass."""
        node.decorator_list = []
        self._in_class = True
        self.generic_visit(node)
        self._in_class = False
        for item in node.body:
            if isinstance(item, ast.AnnAssign):  # a field of a record: of what type is not said
                item.annotation = ast.Name(id="object")
        node.decorator_list = [ast.parse("dataclass(frozen=True)", mode="eval").body]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Take a pair of an array and its dtype for the array."""
        if isinstance(node.func, ast.Name) and node.func.id == _UNWRAPPED:
            (array,) = (k.value for k in node.keywords if k.arg == "array")
            return self.visit(array)  # type: ignore[no-any-return]
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Find what ``self``, a module or the case is asked for."""
        base = node.value
        if isinstance(base, ast.Name):
            module = self._scope.get(base.id)
            if base.id == "self" and (name := self._bundle.method(node.attr)):
                return ast.Name(id=name)
            if base.id == "self" and node.attr in ("signal", "scipy"):
                return ast.Name(id=node.attr)
            if base.id == "case":
                self._bundle.asked.add(node.attr)
            if isinstance(module, ModuleType) and module.__name__.startswith(_OURS):
                name = self._bundle.reach(getattr(module, node.attr), node.attr)
                return ast.Name(id=name or node.attr)
        if node.attr == "array" and isinstance(base, ast.Attribute):
            return self.visit(base)  # type: ignore[no-any-return]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Leave the annotation out."""
        if node.value is None:
            return node
        return self.visit(ast.Assign(targets=[node.target], value=node.value))  # type: ignore[no-any-return]

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Find what a name stands for."""
        if node.id in self._scope and isinstance(node.ctx, ast.Load):
            found = self._scope[node.id]
            if isinstance(found, ModuleType | FunctionType | type):
                self._bundle.reach(found, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Leave the annotation out."""
        node.annotation = None
        return node
