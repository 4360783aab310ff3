"""Elements of SVG as escaped text; colours that suit a light and a dark ground."""

from __future__ import annotations

import math

from markupsafe import Markup, escape

CELL = 30  # the side of a place, in pixels
_GOLDEN_ANGLE = 137.508


def tag(name: str, *inside: str, **attributes: object) -> Markup:
    """Return an element; text is escaped, ``stroke_width`` becomes ``stroke-width``.

    >>> tag("text", "a < b", x=1, class_="n")
    Markup('<text x="1" class="n">a &lt; b</text>')
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(escape(part) for part in inside)
    return Markup(f"<{name}{said}>{body}</{name}>" if body else f"<{name}{said}/>")  # noqa: S704 - all of it is escaped above


def drawing(width: float, height: float, label: str, *inside: str, **attributes: object) -> Markup:
    """Return a whole drawing with a text that says what it shows."""
    return tag(
        "svg", tag("title", label), *inside, xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}", width=f"{width:g}", height=f"{height:g}",
        role="img", aria_label=label, **attributes,
    )  # fmt: skip


def hue(tap: int) -> str:
    """Return the colour of a tap; neighbours differ most."""
    return f"hsl({(205 + tap * _GOLDEN_ANGLE) % 360:.0f} 70% 50%)"


def short(value: float, width: int = 4) -> str:
    """Return a number in about ``width`` characters.

    >>> [short(v) for v in (3.0, -12.0, 0.123456, -1234.5, 1e-9, float("nan"), -0.0)]
    ['3', '−12', '.12', '−1e3', '1e-9', 'nan', '−0']
    """
    if not math.isfinite(value):
        return str(value).replace("-", "−").replace("inf", "∞")
    if value == int(value) and abs(value) < 10**width:
        return f"{value:.0f}".replace("-", "−")
    digits = max(width - 2, 1)
    text = f"{value:.{digits}g}"
    if "e" in text or abs(value) >= 10**width:
        mantissa, _, exponent = f"{value:.0e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
        return f"−{text[1:]}" if text.startswith("-") else text
    text = text.replace("0.", ".", 1) if abs(value) < 1 else text
    return text.replace("-", "−")


def size(text: str, room: int) -> str | None:
    """Return the class of a number for which a place has ``room`` characters at full size."""
    return None if len(text) <= room else "long" if len(text) <= room + 1 else "longest"


def exact(value: float) -> str:
    """Return a number as it is told in a sum."""
    return f"{value:.5g}".replace("-", "−")
