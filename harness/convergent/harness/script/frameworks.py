"""What a script needs to know of each framework: imports, tensors from NumPy and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergent.backends.base import Backend
from convergent.cases.errors import CannotWrite
from convergent.cases.record import record


@record
class Framework:
    """A framework in scripts.

    ``roots`` are the attributes by which its adapter reaches it, and what imports each. ``tensor``
    makes a tensor of the NumPy array ``{array}``, ``bfloat16`` one of an array of float32;
    ``numpy`` gives float64 values of ``{tensor}`` back. ``needs`` are roots that both use.
    """

    roots: Mapping[str, str]
    tensor: str
    bfloat16: str
    numpy: str
    dtype: str
    needs: str

    def hollow(self, backend: type[Backend]) -> Any:
        """Return an adapter without its framework."""
        made = backend.__new__(backend)
        made.hear = lambda *_args, **_kwargs: None  # type: ignore[attr-defined]
        return made


FRAMEWORKS = {
    "torch": Framework(
        roots={
            "torch": "import torch",
            "F": "import torch.nn.functional as F",
            "nn_grad": "from torch.nn import grad as nn_grad",
        },
        needs="torch",
        tensor="torch.from_numpy({array})",
        bfloat16="torch.from_numpy({array}).bfloat16()",
        numpy="{tensor}.detach().cpu().double().numpy()",
        dtype="torch.{dtype}",
    ),
    "tensorflow": Framework(
        roots={"tf": "import tensorflow as tf"},
        needs="tf",
        tensor="tf.constant({array})",
        bfloat16="tf.constant({array}.astype(tf.bfloat16.as_numpy_dtype))",
        numpy="{tensor}.numpy().astype(np.float64)",
        dtype='"{dtype}"',
    ),
    "jax": Framework(
        roots={
            "jax": "import jax",
            "jnp": "from jax import numpy as jnp",
            "lax": "from jax import lax",
        },
        needs="jnp",
        tensor="jnp.array({array})",
        bfloat16="jnp.array({array}.astype(jnp.bfloat16))",
        numpy="np.asarray({tensor}).astype(np.float64)",
        dtype='"{dtype}"',
    ),
}


def get(name: str) -> Framework:
    """Return what scripts need of the backend ``name``, or raise ``CannotWrite``."""
    if name not in FRAMEWORKS:
        raise CannotWrite(
            f"no scripts are written of {name}, only of {', '.join(FRAMEWORKS)}; "
            f"leave out --script to see the numbers"
        )
    return FRAMEWORKS[name]
