"""Every test of the machinery has the planted backends."""

import pytest


@pytest.fixture(autouse=True)
def always(planted):
    """Plant them."""
