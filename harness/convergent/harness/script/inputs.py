"""The operands of a case as source: literal where they are small, else drawn again by their seed.

Small ones are written in the order of their memory and are called ``x``, ``w`` and ``dy`` from the
start. Drawn ones have canonical NumPy arrays ``X``, ``W`` and ``DY`` of their values too.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np

from convergent.backends.variant import Variant
from convergent.cases import data, dtypes
from convergent.cases.case import Case
from convergent.harness.script import frameworks, literal
from convergent.harness.script.draw import generator

LITERAL = 64
"""Elements of an array that a script holds; more are drawn or computed."""

ROLES = ("x", "w", "dy")
_SUBNORMAL = ("subnormal", "tiny")


class Inputs:
    """The operands ``used`` of a case, as source for one variant.

    ``canonical`` says that canonical arrays are needed of these: a reference reads them.
    """

    def __init__(
        self, variant: Variant, case: Case, operands: data.Operands, used: Collection[str]
    ) -> None:
        self.case, self._variant = case, variant
        self._framework = frameworks.get(variant.backend.name)
        self._hollow = self._framework.hollow(variant.backend)
        self._values = {
            role: dtypes.decode(array, case.dtype)
            for role, array in zip(ROLES, operands, strict=True)
        }
        self.used = [role for role in ROLES if role in used]

    def lines(self, canonical: Collection[str]) -> list[str]:
        """Return the source that makes the operands, and arrays of those that are ``canonical``."""
        drawn = [r for r in ROLES if r in {*self.used, *canonical} and not self._is_small(r)]
        found = generator(self.case) if drawn else []
        for role in ROLES:
            if role in canonical or role in drawn:
                found += self._canonical(role, drawn=role in drawn)
        for role in self.used:
            if role in canonical or role in drawn:
                axes = self._memory_axes(role)
                moved = "" if axes == tuple(sorted(axes)) else f".transpose{axes}"
                array = role.upper() + moved
                if moved or self.stored != "float64":
                    array = f"np.ascontiguousarray({array}, {_numpy(self.stored)})"
                found += self._tensor(role, [array])
            else:
                values = self._values[role].transpose(self._memory_axes(role))
                found += self._tensor(role, literal.array(values, self.stored))
        return found

    @property
    def stored(self) -> str:
        """The dtype of the arrays that tensors are made of: NumPy has no bfloat16."""
        if self._framework.bundled:
            return "float64"
        return "float32" if self.case.dtype == "bfloat16" else self.case.dtype

    @property
    def memory(self) -> list[str]:
        """The source of a function that lays an array out, if the case asks for it."""
        if self.case.memory == "plain":
            return []
        made, said = {
            "offset": ("np.ones(array.size + 1, array.dtype)[1:].reshape(array.shape)",
                       "one element into a buffer"),
            "gapped": ("np.ones((*array.shape, 2), array.dtype)[..., 0]",
                       "as every second element of a buffer"),
            "reversed": ("np.flip(np.ones(array.shape, array.dtype))", "back to front"),
            "readonly": ("np.ones(array.shape, array.dtype)", "in memory that may not be written"),
        }[self.case.memory]  # fmt: skip
        found = [
            "def laid(array):",
            f'    """Return the same numbers {said}."""',
            f"    view = {made}",
            "    view[...] = array",
        ]
        if self.case.memory == "readonly":
            found.append("    view.flags.writeable = False")
        return [*found, "    return view", "", ""]

    def _is_small(self, role: str) -> bool:
        golden = self.case.data.startswith("golden")
        return golden or self._values[role].size <= LITERAL

    def _canonical(self, role: str, *, drawn: bool) -> list[str]:
        """Return the source of the canonical float64 array of an operand."""
        name, values = role.upper(), self._values[role]
        if not drawn:
            return _assigned(name, literal.array(values, "float64"))
        shape = tuple(values.shape)
        crc = zlib.crc32(np.ascontiguousarray(values).tobytes())
        return [
            f"{name} = drawn({ROLES.index(role)}, {shape})",
            f'assert zlib.crc32({name}.tobytes()) == {crc}, "NumPy draws other numbers"',
        ]

    def _memory_axes(self, role: str) -> tuple[int, ...]:
        """Return the canonical axes of an operand in the order of its memory."""
        axes = tuple(self._hollow.axes("y" if role == "dy" else role, self.case))
        if self._variant.backend.name == "torch" and self._is_last(role):
            return (axes[0], *axes[2:], axes[1])
        return axes

    def _is_last(self, role: str) -> bool:
        """Say whether an operand of PyTorch's has its channels last in memory."""
        relaid = any(mode.name == f"relaid_{role}" for mode in self._variant.modes)
        return (self.case.layout == "channels_last") != relaid

    def _tensor(self, role: str, array: list[str]) -> list[str]:
        """Return ``role = tensor of array``; ``array`` are the lines of an expression."""
        if len(array) > 1:
            return [*_assigned(role, array), *self._tensor(role, [role])]
        made = {"torch": self._torch, "tensorflow": self._tensorflow, "jax": self._jax,
                "scipy": self._scipy}  # fmt: skip
        text = made[self._variant.backend.name](array[0], role)
        whole = [f"{role} = {text}"]
        if len(whole[0]) > literal.WIDTH and array[0] != role:
            return [f"{role} = {array[0]}", *self._tensor(role, [role])]
        return whole

    def _torch(self, array: str, role: str) -> str:
        if self.case.memory != "plain" and self.case.dtype != "bfloat16":
            array = f"laid({array})"
        text = f"torch.from_numpy({array})"
        if self.case.dtype == "bfloat16" and self.case.data in _SUBNORMAL:
            # Conversions of tensors may flush subnormal numbers: their upper halves instead.
            upper = f"({array}.view(np.uint32) >> 16).astype(np.int16)"
            upper = f"laid({upper})" if self.case.memory != "plain" else upper
            text = f"torch.from_numpy({upper}).view(torch.bfloat16)"
        elif self.case.dtype == "bfloat16":
            text += ".bfloat16()"
            if self.case.memory != "plain":
                halves = f"{text}.view(torch.int16).numpy()"
                text = f"torch.from_numpy(laid({halves})).view(torch.bfloat16)"
        if any(mode.name == "cuda" for mode in self._variant.modes):
            text += ".cuda()"
        return text + (".movedim(-1, 1)" if self._is_last(role) else "")

    def _tensorflow(self, array: str, _role: str) -> str:
        if self.case.dtype == "bfloat16":
            array = f"{array}.astype(tf.bfloat16.as_numpy_dtype)"
        return f"tf.constant({self._laid(array)})"

    def _jax(self, array: str, _role: str) -> str:
        if self.case.dtype == "bfloat16":
            array = f"{array}.astype(jnp.bfloat16)"
        # ``asarray`` copies no memory that it can use as it is.
        return f"jnp.{'array' if self.case.memory == 'plain' else 'asarray'}({self._laid(array)})"

    def _scipy(self, array: str, _role: str) -> str:
        return self._laid(array)

    def _laid(self, array: str) -> str:
        return array if self.case.memory == "plain" else f"laid({array})"


def _assigned(name: str, array: list[str]) -> list[str]:
    return [f"{name} = {array[0]}", *array[1:]]


def _numpy(dtype: str) -> str:
    return f"np.{dtype}"
