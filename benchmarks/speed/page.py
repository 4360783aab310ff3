"""The page docs/proof/speed.md, made of figures alone."""

from __future__ import annotations

import json
from typing import Any


def text(found: dict[str, Any], before: dict[str, Any]) -> str:
    """Return the page."""
    return json.dumps(found, indent=1)
