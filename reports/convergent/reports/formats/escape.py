"""Foreign text in each format's own terms: what a run file holds commands nobody."""

from __future__ import annotations

import html
import re
from xml.sax import saxutils

from convergent.reports.terminal import plain

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile(r"([\\`*_\[\]!|~]|^[-+])")
_CALLING = re.compile(r"([@#])")  # people and issues, whose names an empty comment breaks
_BACKTICKS = re.compile("`+")


def cut(text: str, most: int) -> str:
    """Return ``text`` with its end left out where it is longer than ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def xml(text: str) -> str:
    """Return ``text`` as the content of an element; characters that XML 1.0 lacks are written out.

    https://www.w3.org/TR/xml/#charsets
    """
    return saxutils.escape(_written_out(text))


def attribute(text: str) -> str:
    """Return ``text`` as an attribute's value, with its quotes."""
    return saxutils.quoteattr(_written_out(text))


def message(text: str) -> str:
    """Return ``text`` as the message of a GitHub workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def parameter(text: str) -> str:
    """Return ``text`` as a parameter of a GitHub workflow command."""
    return message(text).replace(":", "%3A").replace(",", "%2C")


def words(text: str) -> str:
    """Return ``text`` for Markdown: neither Markdown nor HTML, on one line, mentioning nobody."""
    escaped = _SPECIAL.sub(r"\\\1", html.escape(" ".join(plain(text).split()), quote=False))
    return _CALLING.sub(r"\1<!-- -->", escaped)


def code(text: str) -> str:
    """Return ``text`` as code in a line of Markdown, which no backtick in it ends."""
    return f"<code>{words(text)}</code>"


def fenced(text: str, language: str = "sh") -> str:
    """Return ``text``, one line, as a block of Markdown code with a fence longer than any in it."""
    line = plain(text)
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(line)), default=0))
    return f"{fence}{language}\n{line}\n{fence}"


def _written_out(text: str) -> str:
    return _NOT_XML.sub(lambda found: ascii(found[0])[1:-1], text)
