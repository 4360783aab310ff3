"""How a case is told to a TensorFlow op: its strides, its data format, its word for padding.

Most ops know only ``VALID`` and ``SAME``; the 2-D ones take explicit zeros too, and none crops.
What an op cannot be told is done to the image beforehand, by ``tf.pad`` and slicing.
"""

from __future__ import annotations

from convergent.cases.case import Case, Pads
from convergent.cases.record import record

PLANE = 2  # the number of dimensions whose ops take explicit zeros

FORMATS = {
    "channels_last": {1: "NWC", 2: "NHWC", 3: "NDHWC"},
    "channels_first": {1: "NCW", 2: "NCHW", 3: "NCDHW"},
}


@record
class Call:
    """What an op is told of ``case``: ``shift`` is done to the image first, then ``word`` holds.

    ``word`` is ``VALID``, ``SAME`` or ``EXPLICIT`` (then ``zeros`` counts them). A 1-D case that
    a 2-D op computes has a ``unit`` axis in front of its own; ``case`` already has it.
    """

    case: Case
    unit: bool
    shift: Pads
    word: str
    zeros: Pads

    @property
    def data_format(self) -> str:
        """TensorFlow's name of the layout, such as ``NHWC``."""
        return FORMATS[self.case.layout][self.case.dims]

    @property
    def strides(self) -> list[int]:
        """One stride per axis of the image."""
        return self._per_axis(self.case.stride)

    @property
    def dilations(self) -> list[int]:
        """One dilation per axis of the image."""
        return self._per_axis(self.case.dilation)

    @property
    def padding(self) -> str | list[list[int]]:
        """The padding as ``tf.nn`` takes it: a word, or a pair per axis of the image."""
        if self.word != "EXPLICIT":
            return self.word
        space = [list(pair) for pair in self.zeros]
        none = [0, 0]
        if self.case.layout == "channels_last":
            return [none, *space, none]
        return [none, none, *space]

    @property
    def raw_padding(self) -> dict[str, object]:
        """The padding as ``tf.raw_ops`` take it: keyword arguments."""
        if isinstance(self.padding, str):
            return {"padding": self.padding}
        flat = [zeros for pair in self.padding for zeros in pair]
        return {"padding": "EXPLICIT", "explicit_paddings": flat}

    @property
    def image_shape(self) -> list[int]:
        """The shape of the image that the op sees, in its layout."""
        space = [size + sum(pair) for size, pair in zip(self.case.input, self.shift)]
        if self.case.layout == "channels_last":
            return [self.case.batch, *space, self.case.in_channels]
        return [self.case.batch, self.case.in_channels, *space]

    def _per_axis(self, values: tuple[int, ...]) -> list[int]:
        if self.case.layout == "channels_last":
            return [1, *values, 1]
        return [1, 1, *values]


def call(case: Case, *, explicit: bool = False, unit: bool = False) -> Call:
    """Return what to tell an op of ``case``.

    ``explicit`` says that the op takes explicit zeros, ``unit`` that it is a 2-D op.
    """
    unit = unit and case.dims == 1
    if unit:
        case = _with_unit_axis(case)
    none = ((0, 0),) * case.dims
    if isinstance(case.padding, str) and case.padding != "SAME_LOWER":
        return Call(case=case, unit=unit, shift=none, word=case.padding, zeros=none)
    if not explicit:
        return Call(case=case, unit=unit, shift=case.pads, word="VALID", zeros=none)
    crop = tuple((min(lo, 0), min(hi, 0)) for lo, hi in case.pads)
    zeros = tuple((max(lo, 0), max(hi, 0)) for lo, hi in case.pads)
    return Call(case=case, unit=unit, shift=crop, word="EXPLICIT", zeros=zeros)


def call_nn(case: Case) -> Call:
    """Return what to tell ``tf.nn.conv*d`` and ``tf.nn.conv*d_transpose`` of ``case``."""
    return call(case, explicit=case.dims == PLANE)


def call_raw(case: Case) -> Call:
    """Return what to tell a raw op of ``case``: in 1-D, that of a 2-D case with a unit axis."""
    return call(case, explicit=case.dims <= PLANE, unit=True)


def _with_unit_axis(case: Case) -> Case:
    padding = case.padding if isinstance(case.padding, str) else ((0, 0), *case.padding)
    return case.replace(
        input=(1, *case.input),
        kernel=(1, *case.kernel),
        # Depthwise kernels know one stride alone; on an axis of one place every stride is the same.
        stride=(*case.stride, *case.stride),
        dilation=(1, *case.dilation),
        padding=padding,
    )
