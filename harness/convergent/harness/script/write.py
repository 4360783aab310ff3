"""A check as a script: it needs the framework and NumPy alone, and fails for the check's reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from convergent.backends import contracts, registry
from convergent.backends.variant import Variant
from convergent.cases.case import Case
from convergent.cases.errors import CannotWrite
from convergent.cases.text import parse
from convergent.harness import relations
from convergent.harness.outcome import Outcome
from convergent.harness.referee import Referee
from convergent.harness.script import bundle, frameworks, header, literal, render, trace
from convergent.harness.script.draw import rounded
from convergent.harness.script.expect import Expectation
from convergent.harness.script.inputs import Inputs
from convergent.harness.script.node import Block

UNWRITTEN = ("unsupported", "mistrusted")
_TWICE = ("repeat", "kept")  # questions that take two calls
_RESULT = {"x": "dx", "w": "dw", "y": "y", "b": "db"}


def script(
    outcome: Outcome,
    *,
    referee: Referee | None = None,
    loaded: Mapping[str, Any] | None = None,
    filled: bool = False,
) -> str:
    """Return the script of the check that came to ``outcome``.

    ``loaded`` is what the worker said of its framework; ``filled`` says that the outcome needs
    fresh memory to be filled (``MALLOC_PERTURB_``). Raises ``CannotWrite`` with the reason.
    """
    refuse(outcome.key)
    if outcome.verdict in UNWRITTEN:
        raise CannotWrite(
            f"{outcome.id} is {outcome.verdict} ({outcome.detail}): a script would show nothing"
        )
    return _Script(outcome, referee or Referee(), dict(loaded or {}), filled=filled).text()


def refuse(key: str) -> None:
    """Raise ``CannotWrite`` for a check that relates results: a script shows a single one."""
    plain, relation = relations.split(key)
    if relation:
        raise CannotWrite(f"{key} relates several results; take {plain} for a script")


class _Script:
    """The parts of one script."""

    def __init__(
        self, outcome: Outcome, referee: Referee, loaded: dict[str, Any], *, filled: bool
    ) -> None:
        self._outcome, self._loaded, self._filled = outcome, loaded, filled
        self._case: Case = parse(outcome.case)
        self._variant: Variant = registry.variant(outcome.variant)
        self._framework = frameworks.get(self._variant.backend.name)
        self._switches = self._block = Block()
        if not self._framework.bundled:
            self._switches = trace.switches(outcome.variant)
            twice = outcome.question in _TWICE
            self._block = trace.method(outcome.variant, outcome.key, self._case, whole=twice)
        self._is_contract = outcome.op == "contract"
        self._inputs = Inputs(self._variant, self._case, referee.operands(self._case), self._used())
        self._expected: Expectation | None = None
        if not self._is_contract:
            hollow = self._framework.hollow(self._variant.backend)
            axes = {role: tuple(hollow.axes(role, self._case)) for role in "xwy"}
            self._expected = Expectation(referee.question(self._case, outcome.op), axes)

    def text(self) -> str:
        """Return the whole script."""
        body = self._body()
        own = [line for line in body if line.startswith(("import ", "from "))]
        body = [line for line in body if line not in own]
        parts = [header.docstring(self._outcome, self._loaded), "", *self._imports(body, own)]
        return "\n".join(_spaced([*parts, "", *body])).rstrip() + "\n"

    def _body(self) -> list[str]:
        names = ("x", "w", "dy")
        found = render.lines(self._switches, "_", names, tuple(self._framework.roots))
        found += [""] if found else []
        if self._is_contract:
            return [*found, *self._refusal()]
        assert self._expected is not None
        result = _result(self._outcome.op)
        if self._framework.bundled:
            name = self._variant.backend.name
            called = bundle.lines(name, self._outcome.key, self._case, result)
        else:
            called = render.lines(self._block, result, names, tuple(self._framework.roots))
        if self._outcome.question in _TWICE:
            once = called[-1].removeprefix(f"{result} = ")
            once = f"{once}({', '.join(names)})" if once == "compute" else once
            called[-1:] = [f"{result} = {once}", f"again = {once}"]
        kept = self._kept()
        context = trace.FORWARD_MODE if any("forward_mode()" in line for line in called) else []
        return [
            *found,
            *context,
            *self._inputs.memory,
            *self._inputs.lines(self._expected.reads),
            *self._expected.lines(),
            "",
            *(kept[:1]),
            *called,
            "",
            *self._apart(result),
            *self._same_dtype(result),
            f"actual = {self._framework.numpy.format(tensor=result)}",
            'assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"',
            *self._expected.check(),
            *kept[1:],
            *self._repeated(),
        ]

    def _refusal(self) -> list[str]:
        """Return the source of an illegal call, which an exception is the right answer to."""
        lines = render.lines(self._block, "y", (), tuple(self._framework.roots))
        why = contracts.reason(self._outcome.method)
        if self._outcome.verdict == "raised":
            return [f"# Illegal: {why}.", "# An error that is no fault of its own is due.", *lines]
        return [
            f"# Illegal: {why}.",
            "try:",
            *(f"    {line}" if line else "" for line in lines),
            "except Exception as error:  # as it should be",
            '    print(f"refused: {error}")',
            "else:",
            "    shape = tuple(y.shape)",
            '    raise AssertionError(f"a result of shape {shape} where an error is due")',
        ]

    def _same_dtype(self, result: str) -> list[str]:
        asked = self._case.dtype
        if self._framework.bundled:  # rounded once, at the end
            return _rounded(result, asked)
        if self._variant.backend.name == "torch":
            return [f"assert {result}.dtype == torch.{asked}, {result}.dtype"]
        name = f"{result}.dtype" + (".name" if self._variant.backend.name == "tensorflow" else "")
        return [f'assert {name} == "{asked}", {result}.dtype']

    def _kept(self) -> list[str]:
        """Return the source that keeps the operands, and that sees whether they are the same."""
        if self._outcome.question != "input":
            return []
        names = ", ".join(self._inputs.used)
        numbers = self._framework.numpy.format(tensor="t")
        return [
            f"before = [{numbers}.copy() for t in ({names},)]",
            f"after = [{numbers} for t in ({names},)]",
            f'for name, old, new in zip("{" ".join(self._inputs.used)}".split(), before, after):',
            '    assert old.tobytes() == new.tobytes(), f"the call changed its input {name}"',
        ]

    def _repeated(self) -> list[str]:
        if self._outcome.question != "repeat":
            return []
        numbers = self._framework.numpy.format(tensor="again")
        bundled = self._framework.bundled
        return [
            *(_rounded("again", self._case.dtype) if bundled else [f"again = {numbers}"]),
            'assert actual.tobytes() == again.tobytes(), f"other bits: {actual}, then {again}"',
        ]

    def _apart(self, result: str) -> list[str]:
        """Return the source that sees whether two results lie in two places."""
        if self._outcome.question != "kept":
            return []
        first, second = (self._framework.address.format(tensor=t) for t in (result, "again"))
        said = "the second call wrote its result over that of the first"
        return [f'assert {first} != {second}, "{said}"', ""]

    def _used(self) -> set[str]:
        if self._outcome.question in _TWICE or self._framework.bundled:
            return {"x", "w", "dy"}
        return render.used(self._block)

    def _imports(self, body: list[str], own: list[str]) -> list[str]:
        source = "\n".join(body)
        variables = header.variables(self._variant)
        standard = [
            name
            for name in ("contextlib", "math", "os", "sys", "warnings", "zlib")
            if re.search(rf"(?<![\w.]){name}\.", source)
        ]
        if variables or self._filled:
            standard = sorted({*standard, "os"} | ({"sys"} if self._filled else set()))
        found = list(dict.fromkeys([*(f"import {name}" for name in standard), *own]))
        found.sort(key=lambda line: line.startswith("from "))
        found += [""] if found else []
        if self._filled:
            found += header.FILL
        found += [f"os.environ[{literal.plain(k)}] = {literal.plain(v)}" for k, v in variables]
        found += [""] if variables else []
        lines = [
            line
            for root, line in self._framework.roots.items()
            if re.search(rf"\b{root}\.", source)
        ]
        numpy = ["import numpy as np"] if "np." in source else []
        return [*found, *numpy, *lines]


def _rounded(name: str, dtype: str) -> list[str]:
    """Return the source that rounds the numbers ``name`` to ``dtype`` in their place."""
    lines = (line.replace("values", name) for line in rounded(name, dtype))
    return [line for line in lines if line != f"{name} = {name}"]


def _spaced(lines: list[str]) -> list[str]:
    """Return ``lines`` with two empty ones around what stands at the top and is indented below."""
    found: list[str] = []
    deep = False  # whether the last line was of a function
    for line in lines:
        starts = line.startswith(("def ", "class ", "@"))
        if line and not line[0].isspace() and not (found and found[-1].startswith("@")):
            if starts or deep:
                while found and not found[-1]:
                    found.pop()
                found += ["", ""]
            deep = starts
        elif not line and len(found) > 1 and not found[-1] and not found[-2]:
            continue
        deep = deep or starts
        found.append(line)
    return found


def _result(op: str) -> str:
    from convergent.backends.base import OPS

    roles = OPS[op]
    return _RESULT[roles[0]] if len(roles) == 1 else "jacobian"
