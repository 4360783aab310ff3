"""What oneDNN says that it ran, in the lines that ``ONEDNN_VERBOSE=1`` has it print.

Before version 3.5 (PyTorch 2.4, TensorFlow 2.17) the lines say no format version, later ones
``v1``: https://uxlfoundation.github.io/oneDNN/dev_guide_verbose.html.
"""

from __future__ import annotations

_MARK = "onednn_verbose"
_RUN = ["primitive", "exec"]  # then the engine, the primitive and its implementation
_FIELDS = 5


def primitives(printed: str) -> list[tuple[str, str]]:
    """Return the kind and the implementation of every primitive that oneDNN says it ran.

    >>> primitives("onednn_verbose,v1,primitive,exec,cpu,convolution,brgconv:avx2,forward,x,,,,1")
    [('convolution', 'brgconv:avx2')]
    >>> primitives("onednn_verbose,primitive,exec,cpu,convolution,brgconv:avx2,forward,x,,,,1")
    [('convolution', 'brgconv:avx2')]
    """
    ran = []
    for line in printed.splitlines():
        mark, *fields = line.split(",")
        if fields[:1] == ["v1"]:
            del fields[0]
        # The last line of very many may be cut short.
        if mark == _MARK and fields[:2] == _RUN and len(fields) >= _FIELDS:
            ran.append((fields[3], fields[4]))
    return ran
