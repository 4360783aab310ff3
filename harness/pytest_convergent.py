"""Where pytest finds the plugin: a module at the top of the wheel.

pytest marks what it finds at the top of a plugin's distribution for rewriting. In one that holds a
namespace package alone it finds ``__main__`` of that package, and warns in every run.
"""

from __future__ import annotations

from convergent.harness.pytest_plugin import pytest_addoption, pytest_configure

__all__ = ["pytest_addoption", "pytest_configure"]
