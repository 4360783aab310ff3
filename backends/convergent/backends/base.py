"""The interface of a backend: NumPy in, NumPy out, and what it cannot do as data.

An adapter is a subclass of ``Backend`` whose ``__init__`` imports the framework and whose methods
are small functions with a decorator::

    class Torch(Backend):
        name = "torch"

        @method("backprop_input", "autodiff")
        def input_by_autodiff(self, case, t):
            ...  # t.x, t.w and t.dy are the framework's tensors, in the framework's layout

Nothing but an adapter translates layout and padding. What a method cannot express is a ``Gap``.
"""

from __future__ import annotations

import fnmatch
import functools
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Callable, ClassVar, NamedTuple, TypeVar

import numpy as np

from convergent.backends import contracts
from convergent.backends.modes import Mode
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from convergent.cases.errors import UnknownMethod
from convergent.cases.features import features
from convergent.cases.record import record

OPS: dict[str, tuple[str, ...]] = {
    "conv": ("y",),
    "backprop_input": ("x",),
    "backprop_filter": ("w",),
    "backprop_bias": ("b",),
    "transpose": ("x",),
    "jacobian_input": ("y", "x"),
    "jacobian_filter": ("y", "w"),
    "transpose_jacobian_input": ("x", "y"),
    "transpose_jacobian_filter": ("x", "w"),
    "contract": (),
}
"""Each op and the operands whose axes its result has, in order: a Jacobian has those of two.

``contract`` stands for illegal calls, whose right result is an exception."""

READS: dict[str, tuple[str, ...]] = {
    "conv": ("x", "w"),
    "backprop_input": ("dy", "w"),
    "transpose": ("dy", "w"),
    "backprop_filter": ("x", "dy"),
    "backprop_bias": ("dy",),
    "jacobian_input": ("w",),
    "jacobian_filter": ("x",),
    "transpose_jacobian_input": ("w",),
    "transpose_jacobian_filter": ("dy",),
}
"""The operands that each op reads, in the order of its map's definition."""


class Tensors(NamedTuple):
    """The operands of a case as a framework's own tensors, in the framework's own layout."""

    x: Any
    w: Any
    dy: Any


@record
class Method:
    """One way in which a backend computes an op."""

    op: str
    name: str
    function: Callable[[Any, Case, Tensors], Any]

    @property
    def key(self) -> str:
        """``op/method``."""
        return f"{self.op}/{self.name}"


@record
class Gap:
    """What some methods cannot do, and why.

    ``methods`` are patterns of ``op/method``; the gap holds for a case that has all features
    ``when`` and none of ``unless``, where the backend's ``traits`` count too. ``kind`` is
    ``notimpl`` (ours), ``notyet`` (the framework's) or ``never`` (by definition). ``raises`` names
    the exception that the framework raises when it is asked all the same.
    """

    methods: tuple[str, ...]
    reason: str
    kind: str = "notyet"
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    raises: str = ""

    def covers(self, key: str, case: Case, traits: frozenset[str] = frozenset()) -> bool:
        """Say whether ``op/method`` cannot do ``case`` on this machine because of this gap."""
        concerned = any(fnmatch.fnmatchcase(key, pattern) for pattern in self.methods)
        return concerned and self.holds_for(case, traits)

    def holds_for(self, case: Case, traits: frozenset[str] = frozenset()) -> bool:
        """Say whether ``methods`` cannot do ``case`` on this machine because of this gap."""
        has = features(case) | traits
        return has.issuperset(self.when) and has.isdisjoint(self.unless)


@record
class Result:
    """What a method gave: canonical arrays, the name of their dtype and the seconds of each call.

    There is a second array if a further call on the same tensors gave other bits. ``kernel`` names
    what computed it, where the framework can tell. ``carried`` are the seconds that it took to
    make NumPy arrays of the results. ``reused`` says that a further call wrote its result where the
    first one's lies.
    """

    arrays: tuple[Array, ...]
    dtype: str
    seconds: tuple[float, ...]
    kernel: str = ""
    carried: float = 0.0
    reused: bool = False


_F = TypeVar("_F", bound=Callable[..., Any])


def method(op: str, name: str) -> Callable[[_F], _F]:
    """Register a function of an adapter as a method of ``op``; decorators may be stacked."""
    if op not in OPS:
        raise UnknownMethod(f"{op!r} is no op; the ops are {', '.join(OPS)}")

    def mark(function: _F) -> _F:
        function.__dict__.setdefault("convergent_ops", []).append((op, name))
        return function

    return mark


class Backend(ABC):
    """A framework behind one interface; an instance exists only where the framework is loaded.

    Raises what importing the framework raises. ``name`` is its word in a variant, ``packages``
    are the distributions that bring it (the first one's version is the variant's), ``gaps`` what
    it cannot do, ``trait_words`` (word: meaning) what of the machine decides gaps and known
    divergences. ``environment`` holds variables that must be set before the import; ``{cache}``
    in a value stands for this project's folder in the user's cache. ``modes`` are its switches,
    ``variants`` those combinations (words joined by ``+``) that a run of all variants includes. A
    backend with a function ``told(call)`` is asked the illegal calls of ``contracts`` too.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    gaps: ClassVar[tuple[Gap, ...]] = ()
    environment: ClassVar[Mapping[str, str]] = {}
    trait_words: ClassVar[Mapping[str, str]] = {}
    modes: ClassVar[tuple[Mode, ...]] = ()
    variants: ClassVar[tuple[str, ...]] = ("",)
    active: frozenset[str] = frozenset()

    def enable(self, modes: frozenset[str]) -> None:
        """Set the switches of ``modes``; called once, before anything is computed."""
        self.active = modes

    @abstractmethod
    def loaded(self) -> dict[str, Any]:
        """Say what is loaded: at least ``version`` and ``file``; threads and build flags too."""

    @abstractmethod
    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return the canonical axes of ``x``, ``w`` or ``y`` in the order the framework has them.

        Canonical: ``x (N, *input, C)``, ``w (*kernel, C/groups, O)``, ``y (N, *output, O)``.
        """

    @abstractmethod
    def enter(self, array: Array, case: Case) -> Any:
        """Return a tensor of ``case.dtype``; ``array`` is a transposed view (bfloat16: bits)."""

    @abstractmethod
    def leave(self, tensor: Any) -> tuple[Array, str]:
        """Return the tensor's values as a NumPy array (bfloat16: bits) and its dtype's name."""

    def address(self, tensor: Any) -> int:
        """Return where ``tensor`` lies; 0 where it is empty, or not the caller's to write to."""
        is_array = isinstance(tensor, np.ndarray) and tensor.size and tensor.flags.writeable
        return int(tensor.ctypes.data) if is_array else 0

    def wait(self, tensor: Any) -> None:  # noqa: B027 - only asynchronous frameworks need it
        """Return when ``tensor`` has been computed."""

    def prepare(self, function: Callable[..., Any], case: Case) -> Callable[[Tensors], Any]:
        """Return ``function`` of a method as it is called in the active modes.

        A mode that compiles does so here; the compiled function is called as often as the method.
        """
        return functools.partial(function, self, case)

    def kernel(self, printed: str) -> str:
        """Name what computed the last call; ``printed`` is what it wrote on standard output."""
        return ""

    @classmethod
    @functools.cache
    def methods(cls) -> Mapping[str, Method]:
        """Return the methods of this backend by ``op/method``, ops in the order of ``OPS``."""
        found = {
            f"{op}/{name}": Method(op=op, name=name, function=function)
            for parent in reversed(cls.__mro__)
            for function in vars(parent).values()
            for op, name in getattr(function, "convergent_ops", ())
        }
        if hasattr(cls, "told"):
            for name, function in contracts.methods().items():
                found[f"contract/{name}"] = Method(op="contract", name=name, function=function)
        order = list(OPS)
        return dict(sorted(found.items(), key=lambda item: order.index(item[1].op)))

    @classmethod
    def traits(cls, environment: Mapping[str, str]) -> frozenset[str]:
        """Return which of ``trait_words`` hold on this machine, given a worker's variables."""
        return frozenset()

    def tensors(self, case: Case, operands: Operands) -> Tensors:
        """Hand the operands to the framework, in its layout."""
        roles = zip(("x", "w", "y"), operands)
        return Tensors(*(self.enter(a.transpose(self.axes(r, case)), case) for r, a in roles))

    def run(
        self, key: str, case: Case, tensors: Tensors, printed: Callable[[], str], times: int = 1
    ) -> Result:
        """Compute ``op/method`` of ``case``, ``times`` times, and return the canonical result.

        ``printed`` returns what was written on standard output since it was last called. Raises
        ``UnknownMethod`` for a name that is none, and whatever the framework raises.
        """
        found = self.methods().get(key)
        if found is None:
            raise UnknownMethod(f"{self.name} has no method {key!r}; see convergent list methods")
        call = self.prepare(found.function, case)
        printed()
        arrays: list[Array] = []
        first: Any = None  # held, so that its memory is not free to be used again
        seconds: list[float] = []
        kernel, carried, reused = "", 0.0, False
        for _ in range(times):
            start = time.perf_counter()
            tensor = call(tensors)
            self.wait(tensor)
            seconds.append(time.perf_counter() - start)
            kernel = kernel or self.kernel(printed())
            start = time.perf_counter()
            array, dtype = self.leave(tensor)
            carried += time.perf_counter() - start
            if isinstance(array, np.ma.MaskedArray) or not isinstance(array, np.ndarray):
                raise TypeError(f"{key} gave a {type(array).__name__}, not a plain NumPy array")
            reused = reused or self._is_over(first, tensor)
            first = tensor if first is None else first
            canonical = self._canonical(array, found.op, case)
            if not arrays or not _same_bits(arrays[0], canonical):
                arrays.append(canonical)
        return Result(
            arrays=tuple(arrays),
            dtype=dtype,
            seconds=tuple(seconds),
            kernel=kernel,
            carried=carried,
            reused=reused,
        )

    def _is_over(self, first: Any, tensor: Any) -> bool:
        """Say whether a further result was written over the first one."""
        return first is not None and self.address(first) == self.address(tensor) != 0

    def _canonical(self, array: Array, op: str, case: Case) -> Array:
        order: list[int] = []
        for role in OPS[op]:
            first = len(order)
            axes = (0,) if role == "b" else self.axes(role, case)
            order += [first + int(axis) for axis in np.argsort(axes)]
        if array.ndim != len(order):  # a wrong shape is for the comparator to say
            return np.ascontiguousarray(array)
        return np.ascontiguousarray(array.transpose(order))


def _same_bits(first: Array, second: Array) -> bool:
    """Say whether two arrays hold the same bits: NaN is itself, and -0 is not +0."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return first.tobytes() == second.tobytes()
