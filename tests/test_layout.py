"""The folders are the architecture."""

from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = ("cases", "backends", "harness", "reports")


def test_no_part_hides_the_other_three():
    for part in PARTS:
        assert not (ROOT / part / "convergent" / "__init__.py").exists()


def test_every_part_is_typed_and_importable():
    for part in PARTS:
        assert (ROOT / part / "convergent" / part / "py.typed").exists()
        assert import_module(f"convergent.{part}").__doc__
