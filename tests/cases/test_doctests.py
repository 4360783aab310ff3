import doctest
import importlib
import pkgutil

import pytest

import convergent.cases

MODULES = [found.name for found in pkgutil.iter_modules(convergent.cases.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_hold(name):
    module = importlib.import_module(f"convergent.cases.{name}")
    assert doctest.testmod(module).failed == 0
