"""Reaching a Dask cluster, or starting one here, and seeing that it can run what is planned."""

from __future__ import annotations

import contextlib
import logging
import re
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from convergent.backends import registry
from convergent.cases.errors import ClusterUnavailable
from convergent.harness import environment
from convergent.harness.cluster.hands import Hands

WAIT = 60.0  # seconds for a scheduler, and for a worker that offers what is needed
_LOCAL = re.compile(r"local(?::([0-9]{1,4}))?")
_ADDRESS = re.compile(r"inproc://.+|(?:[a-z]+://)?.+:[0-9]{1,5}/?")


@contextlib.contextmanager
def connected(address: str, variants: Sequence[str], wait: float = WAIT) -> Iterator[Hands]:
    """Give the crew of the cluster at ``address``, or of ``local[:N]`` processes, while it lasts.

    Raises ``ClusterUnavailable`` if Dask is not installed, no scheduler answers, no worker comes
    or none offers what a variant needs.
    """
    try:
        import distributed
    except ImportError as error:
        raise ClusterUnavailable(
            'Dask is not installed in this environment; pip install "convergent[dask]"'
        ) from error
    if not (_LOCAL.fullmatch(address) or _ADDRESS.fullmatch(address)):
        raise ClusterUnavailable(
            f"{address} is no address of a Dask scheduler; write it like tcp://host:8786, or "
            "local:4"
        )
    with contextlib.ExitStack() as stack:
        place = _local(stack, address, distributed)
        try:
            client = stack.enter_context(
                distributed.Client(place or address, timeout=wait, set_as_default=False)
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise ClusterUnavailable(
                f"no Dask scheduler answers at {address} ({' '.join(str(error).split())}); "
                "start one with: dask scheduler"
            ) from error
        hands = Hands(client, {variant: needs(variant) for variant in variants}, wait)
        _await_workers(client, hands, address, wait)
        yield hands


def needs(variant: str) -> dict[str, float]:
    """Return the Dask resources that a task of ``variant`` takes."""
    return {"cuda": 1.0} if "cuda" in registry.variant(variant).needs else {}


def _local(stack: contextlib.ExitStack, address: str, distributed: Any) -> Any:
    """Start a cluster of this machine's processes, if that was asked for."""
    asked = _LOCAL.fullmatch(address)
    if asked is None:
        return None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    count = int(asked[1]) if asked[1] else environment.cores()
    if count < 1:
        raise ClusterUnavailable("a cluster of no processes runs nothing; write local:2")
    import dask

    # Dask would set OMP_NUM_THREADS=1 in this very process: other threads give other bits.
    with dask.config.set({"distributed.nanny.pre-spawn-environ": {}}), _deaf():
        cluster = distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # the frameworks' memory is that of their own processes
            silence_logs=logging.CRITICAL,
            resources={"cuda": 1} if environment.has(("cuda",)) else None,
        )
    return stack.enter_context(cluster)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Have processes that start meanwhile not hear Ctrl-C: the run tells them when to stop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _await_workers(client: Any, hands: Hands, address: str, wait: float) -> None:
    try:
        client.wait_for_workers(1, timeout=wait)
    except TimeoutError as error:
        raise ClusterUnavailable(
            f"no Dask worker connected to {address} within {wait:g} s; start one with: "
            f"dask worker {client.scheduler.address}"
        ) from error
    unmet: Iterable[str] = hands.unmet()
    for variant in unmet:
        raise ClusterUnavailable(
            f"no Dask worker offers what {variant} needs; start one on a machine with a GPU: "
            f'dask worker {client.scheduler.address} --resources "cuda=1"'
        )
