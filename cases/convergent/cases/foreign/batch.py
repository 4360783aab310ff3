"""benchdnn's options before a descriptor: what they make of it, and which of them no case has.

benchdnn is a state machine: an option holds for every descriptor after it, until ``--reset``, and
a descriptor is run once for each combination of what the options list.

Source: https://github.com/uxlfoundation/oneDNN/tree/main/tests/benchdnn/doc (driver_conv.md,
knobs_common.md, knobs_dt.md, knobs_tag.md, benchdnn_general_info.md).
"""

from __future__ import annotations

import itertools
import re

from convergent.cases.errors import InvalidCase
from convergent.cases.foreign import benchdnn
from convergent.cases.foreign.reading import Reading
from convergent.cases.foreign.source import quoted

_DTYPES = {"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16"}
_INTEGERS = ("s32", "s8", "u8", "s4", "u4")
_SMALL = ("f8_e5m2", "f8_e4m3", "f4_e2m1", "f4_e3m0", "e8m0", "undef")
_TYPE = re.compile("|".join(sorted((*_DTYPES, *_INTEGERS, *_SMALL), key=len, reverse=True)))
_CONFIG = re.compile(rf"((?:{_TYPE.pattern})+)(?:_\w+)?", re.ASCII)
_TAGS = {
    **dict.fromkeys(("abx", "nchw", "ncw", "ncdhw", "abcd", "abc", "abcde"), "channels_first"),
    **dict.fromkeys(("axb", "nhwc", "nwc", "ndhwc", "acdb", "acb", "acdeb"), "channels_last"),
    **dict.fromkeys(("any", "undef", ""), ""),
}
_OPTION = re.compile(r"--([a-z][\w-]*)(?:=(.*))?", re.ASCII | re.DOTALL)
_TENSORS = (1, 3)  # one data type for all, or those of source, weights and result
_MAX_BATCH = 10**9


class Batch:
    """The options that hold now, and the driver: conv, or deconv."""

    def __init__(self, reading: Reading, *, deconv: bool = False) -> None:
        self.reading = reading
        self.deconv = deconv
        self._reset()

    def _reset(self) -> None:
        self._dtypes = ["f32"]
        self._tags = {"stag": ["any"], "dtag": ["any"]}
        self._batches = [0]

    def option(self, word: str) -> bool:
        """Take ``word`` if it is an option; say whether it was. Raises ``InvalidCase``."""
        if word in ("--conv", "--deconv"):
            self.deconv = word == "--deconv"
            return True
        if word.rpartition("/")[2] == "benchdnn":
            return True  # a whole command: the name of the program
        found = _OPTION.fullmatch(word)
        if not found:
            verbose = re.fullmatch(r"-v[0-9]*", word)
            self.reading.ignored.update(["-v"] if verbose else [])
            return bool(verbose)
        self._set(found[1], found[2] or "", word)
        return True

    def _set(self, name: str, value: str, word: str) -> None:
        values = list(dict.fromkeys(value.split(",")))
        if name == "reset":
            self._reset()
        elif name == "dt":
            self._dtypes = [_checked(each or "f32", word) for each in values]
        elif name == "cfg":
            self._dtypes = [_config(each or "f32", word) for each in values]
        elif name in self._tags:
            self._tags[name] = values
        elif name == "mb":
            self._batches = [_number(each, word) for each in values]
        elif name == "dir":
            self.reading.ignored["--dir, as every direction is checked"] += 1
        elif value not in ("", "any"):  # otherwise it says the default
            self.reading.ignored[f"--{name}"] += 1

    def add(self, descriptor: str) -> None:
        """Add the cases of a descriptor under the options that hold, or raise ``InvalidCase``."""
        case = benchdnn.parse(descriptor, deconv=self.deconv)
        self.reading.rows += 1
        tags = itertools.product(*self._tags.values())
        layouts = list(dict.fromkeys(self._layout(*pair) or case.layout for pair in tags))
        dtypes = list(dict.fromkeys(map(self._dtype, self._dtypes)))
        for dtype, layout, batch in itertools.product(dtypes, layouts, self._batches):
            size = batch or case.batch
            self.reading.add(case.replace(dtype=dtype, layout=layout, batch=size))

    def _dtype(self, said: str) -> str:
        kinds = set(said.split(":"))
        if len(kinds) == 1 and kinds <= set(_DTYPES):
            return _DTYPES[kinds.pop()]
        self.reading.taken[f"dtype {said} as float32"] += 1
        return "float32"

    def _layout(self, source: str, result: str) -> str:
        """Return the layout that both tags mean, or nothing for the library's choice."""
        for tag in {source, result} - set(_TAGS):
            self.reading.taken[f"layout {quoted(tag)[1:-1]} as any"] += 1
        found = [_TAGS.get(tag, "") for tag in (source, result)]
        if all(found) and found[0] != found[1]:
            self.reading.taken[f"layouts {source} and {result} as {source}"] += 1
        return found[0] or found[1]


def _checked(said: str, word: str) -> str:
    parts = said.split(":")
    wrong = [part for part in parts if not _TYPE.fullmatch(part)]
    if wrong:
        raise InvalidCase(f"{quoted(word)}: {quoted(wrong[0])} is no data type; write f32 or bf16")
    if len(parts) not in _TENSORS:
        raise InvalidCase(f"{quoted(word)}: give one data type, or three (source:weights:result)")
    return said


def _config(said: str, word: str) -> str:
    found = _CONFIG.fullmatch(said)
    if not found:
        raise InvalidCase(f"{quoted(word)}: {quoted(said)} is no configuration; write --dt=f32")
    return _checked(":".join(_TYPE.findall(found[1])), word)


def _number(said: str, word: str) -> int:
    if not re.fullmatch(r"[0-9]{0,10}", said, re.ASCII) or int(said or "0") > _MAX_BATCH:
        raise InvalidCase(f"{quoted(word)}: {quoted(said)} is no batch size; write --mb=2")
    return int(said or "0")
