"""The built-in backends keep the contract; ``tests/test_matrix.py`` asks them the suites."""

from convergent.backends import registry
from convergent.harness.testing import BackendContract


class BuiltIn(BackendContract):
    suites = ()


class TestSciPy(BuiltIn):
    backend = "scipy"


class TestTorch(BuiltIn):
    backend = "torch"


class TestTensorFlow(BuiltIn):
    backend = "tensorflow"


class TestJax(BuiltIn):
    backend = "jax"


def test_every_built_in_backend_is_here():
    assert {of.backend for of in BuiltIn.__subclasses__()} == set(registry.BUILT_IN)
