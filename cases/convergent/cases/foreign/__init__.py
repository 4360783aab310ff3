r"""Cases from files: case lines, JSON lines and benchdnn's descriptors, told apart line by line.

>>> import tempfile, pathlib
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> _ = (folder / "shapes").write_text("conv1d:i8_k3\n--mb=2,4 ic3ih8oc4kh3ph1\n")
>>> found = read(folder / "shapes")
>>> [str(case) for case in found.cases]
['conv1d:i8_k3', 'conv2d:n2_i8_c3_k3_o4_p1', 'conv2d:n4_i8_c3_k3_o4_p1']
>>> [line.partition("shapes: ")[2] for line in found.summary()]
['2 rows, 3 cases']
"""

from __future__ import annotations

from convergent.cases.foreign.files import read
from convergent.cases.foreign.reading import Reading

__all__ = ["Reading", "read"]
