"""``BackendContract``: what every backend must do, as a class of tests to inherit.

::

    from convergent.harness.testing import BackendContract


    class TestMine(BackendContract):
        backend = "mine"
"""

from __future__ import annotations

from convergent.harness.testing.contract import BackendContract

__all__ = ["BackendContract"]
