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

    ``roots`` are the attributes by which its adapter reaches it, and what imports each; inputs
    and results are made by the root ``needs``. ``numpy`` gives float64 values of ``{tensor}``,
    ``address`` where those lie that the caller may write to. ``bundled``: the adapter computes by
    itself, and its own source is the script.
    """

    roots: Mapping[str, str]
    numpy: str
    needs: str
    bundled: bool = False
    address: str = ""

    def hollow(self, backend: type[Backend]) -> Any:
        """Return an adapter without its framework."""
        made = backend.__new__(backend)
        made.hear = lambda *_args, **_kwargs: None  # type: ignore[attr-defined]
        return made


FRAMEWORKS = {
    "scipy": Framework(
        roots={"scipy": "import scipy", "signal": "from scipy import signal"},
        needs="scipy",
        bundled=True,
        numpy="{tensor}",
        address="{tensor}.ctypes.data",
    ),
    "torch": Framework(
        roots={
            "torch": "import torch",
            "F": "import torch.nn.functional as F",
            "nn_grad": "from torch.nn import grad as nn_grad",
        },
        needs="torch",
        numpy="{tensor}.detach().cpu().double().numpy()",
        address="{tensor}.data_ptr()",
    ),
    "tensorflow": Framework(
        roots={"tf": "import tensorflow as tf"},
        needs="tf",
        numpy="{tensor}.numpy().astype(np.float64)",
    ),
    "jax": Framework(
        roots={
            "jax": "import jax",
            "jnp": "from jax import numpy as jnp",
            "lax": "from jax import lax",
        },
        needs="jnp",
        numpy="np.asarray({tensor}).astype(np.float64)",
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
