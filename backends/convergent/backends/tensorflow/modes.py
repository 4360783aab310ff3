"""How else TensorFlow runs: its graphs, its compiler, its kernels and its threads."""

from __future__ import annotations

from typing import Any, Callable

from convergent.backends.base import Tensors
from convergent.backends.modes import Mode

GRAPH, XLA = "graph", "xla"

MODES = (
    Mode(
        name=GRAPH,
        meaning="tf.function: traced once, then rewritten by Grappler",
        group="execution",
    ),
    Mode(name=XLA, meaning="tf.function(jit_compile=True): compiled by XLA", group="execution"),
    Mode(
        name="no_onednn",
        meaning="TF_ENABLE_ONEDNN_OPTS=0: Eigen's kernels alone",
        environment=(("TF_ENABLE_ONEDNN_OPTS", "0"),),
        group="onednn",
    ),
    Mode(
        name="onednn",
        meaning="TF_ENABLE_ONEDNN_OPTS=1: oneDNN's kernels on any processor",
        environment=(("TF_ENABLE_ONEDNN_OPTS", "1"),),
        group="onednn",
    ),
    Mode(name="threads1", meaning="one thread inside an op, one op at a time", group="threads"),
    Mode(name="threads8", meaning="eight threads inside an op, eight ops", group="threads"),
    Mode(name="deterministic", meaning="tf.config.experimental.enable_op_determinism"),
)

VARIANTS = (
    "",
    GRAPH,
    XLA,
    "onednn",
    "no_onednn",
    "graph+no_onednn",
    "threads1",
    "threads8",
    "deterministic",
)

_THREADS = {"threads1": 1, "threads8": 8}


def enable(tf: Any, modes: frozenset[str]) -> None:
    """Set what no variable sets; the runtime must not have started yet."""
    for mode in modes & set(_THREADS):
        tf.config.threading.set_intra_op_parallelism_threads(_THREADS[mode])
        tf.config.threading.set_inter_op_parallelism_threads(_THREADS[mode])
    if "deterministic" in modes:
        tf.random.set_seed(0)  # without one, ops that draw refuse to run
        tf.config.experimental.enable_op_determinism()


def compiled(
    tf: Any, modes: frozenset[str], call: Callable[[Tensors], Any]
) -> Callable[[Tensors], Any]:
    """Return ``call`` as the active mode executes it: as it is, as a graph or by XLA."""
    if not modes & {GRAPH, XLA}:
        return call

    def of_operands(x: Any, w: Any, dy: Any) -> Any:
        return call(Tensors(x, w, dy))

    traced = tf.function(of_operands, jit_compile=XLA in modes or None)
    return lambda tensors: traced(*tensors)
