"""Property tests draw the same examples on every run and machine."""

from hypothesis import settings

settings.register_profile("convergent", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("convergent")


def pytest_addoption(parser):
    parser.addoption("--suite", default="smoke", help="Cases of tests/test_matrix.py.")
