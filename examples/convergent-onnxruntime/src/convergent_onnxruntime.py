"""ONNX Runtime on the CPU: ``Conv`` and ``ConvTranspose``, and gradients written with them.

Every call is a model of a few nodes, whose images are ``(N, C, *space)`` and whose filters are
``(O, C/groups, *kernel)`` in either layout: ONNX has no other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convergent.backends import by_hand
from convergent.backends.base import Backend, Gap, Tensors, method
from convergent.backends.memory import laid
from convergent.cases.case import Case, Pads
from convergent.cases.dtypes import Array

AUTO_PAD = {"VALID": "VALID", "SAME": "SAME_UPPER", "SAME_LOWER": "SAME_LOWER"}
BY_PADS = ("conv/native", "backprop_input/conv_transpose", "transpose/native")
CONVOLUTIONS = ("conv/*", "backprop_input/*", "backprop_filter/*", "transpose/*")


class OnnxRuntime(Backend):
    """The kernels of the CPU execution provider."""

    name = "onnxruntime"
    packages = ("onnxruntime", "onnxruntime-gpu")
    # A check has the first gap that forbids it: they stand in the order in which it is refused.
    gaps = (
        Gap(
            methods=("conv/auto_pad",),
            when=("explicit",),
            reason="auto_pad is a word, and says no numbers",
            kind="never",
            raises="KeyError",
        ),
        Gap(
            methods=CONVOLUTIONS,
            when=("bfloat16",),
            reason="ONNX has no Conv of bfloat16 before opset 22, nor has the provider",
            raises="InvalidGraph",
        ),
        Gap(
            methods=BY_PADS,
            when=("negative_padding",),
            reason="the attribute pads must not be negative",
            raises="Fail",
        ),
        Gap(
            methods=CONVOLUTIONS,
            when=("float64",),
            reason="the CPU provider has no Conv of float64",
            raises="NotImplemented",
        ),
        Gap(
            methods=("backprop_bias/*",),
            when=("bfloat16",),
            reason="the CPU provider has no ReduceSum of bfloat16",
            raises="NotImplemented",
        ),
        *(
            Gap(
                methods=("conv/auto_pad",),
                when=(word, "dilated"),
                reason="the words of auto_pad know no dilation",
                raises="InvalidArgument",
            )
            for word in ("same", "same_lower")
        ),
        Gap(
            methods=("conv/*",),
            when=("empty_output",),
            reason="an image with no place for the kernel is refused",
            raises="InvalidArgument",
        ),
        Gap(
            methods=("backprop_filter/via_conv",),
            when=("empty_output",),
            reason="a kernel of no place is refused",
            raises="Fail",
        ),
    )

    def __init__(self) -> None:
        import onnx
        import onnxruntime

        self.onnx, self.runtime = onnx, onnxruntime

    def loaded(self) -> dict[str, Any]:
        """Say which ONNX Runtime, and which ONNX wrote its models."""
        return {
            "version": self.runtime.__version__,
            "file": self.runtime.__file__,
            "onnx": self.onnx.__version__,
            "build": self.runtime.get_build_info(),
        }

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return channels first, and filters with the outputs first."""
        space = range(case.dims)
        if role == "w":
            return (case.dims + 1, case.dims, *space)
        return (0, case.dims + 1, *(axis + 1 for axis in space))

    def enter(self, array: Array, case: Case) -> Array:
        """Return an array of its own: the runtime takes NumPy's."""
        return laid(array, case.memory)

    def leave(self, tensor: Array) -> tuple[Array, str]:
        """Return it as it is."""
        return tensor, "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name

    @method("conv", "native")
    def conv_native(self, case: Case, t: Tensors) -> Array:
        """Run ``Conv`` with the padding in its attribute."""
        return self._run("Conv", t.x, t.w, **_steps(case), pads=_flat(case.pads))

    @method("conv", "auto_pad")
    def conv_auto_pad(self, case: Case, t: Tensors) -> Array:
        """Run ``Conv`` with the padding as a word."""
        return self._run("Conv", t.x, t.w, **_steps(case), auto_pad=AUTO_PAD[case.padding])

    @method("conv", "pad_first")
    def conv_pad_first(self, case: Case, t: Tensors) -> Array:
        """Run ``Pad``, which crops too, and ``Conv``."""
        return self._run("Conv", t.x, t.w, case.pads, **_steps(case))

    @method("backprop_input", "conv_transpose")
    @method("transpose", "native")
    def input_by_conv_transpose(self, case: Case, t: Tensors) -> Array:
        """Run ``ConvTranspose``: its output padding is what no window touched."""
        more = {"pads": _flat(case.pads), "output_padding": case.unused}
        return self._run("ConvTranspose", t.dy, t.w, **_steps(case), **more)

    @method("backprop_input", "via_conv")
    def input_by_conv(self, case: Case, t: Tensors) -> Array:
        """Convolve d_y, zeros between, with the filter turned and its channels swapped."""
        recipe, groups = by_hand.backprop_input(case), case.groups
        sizes = (max((n - 1) * s + 1, 0) for n, s in zip(case.output, recipe.insert, strict=True))
        dy = np.zeros((*t.dy.shape[:2], *sizes), t.dy.dtype)
        dy[(..., *(slice(None, None, step) for step in recipe.insert))] = t.dy
        o, c, *kernel = t.w.shape
        turned = np.flip(t.w, tuple(range(2, t.w.ndim))).reshape(groups, o // groups, c, *kernel)
        w = turned.swapaxes(1, 2).reshape(groups * c, o // groups, *kernel)
        return self._run("Conv", dy, w, recipe.pads, dilations=case.dilation, group=groups)

    @method("backprop_filter", "via_conv")
    def filter_by_conv(self, case: Case, t: Tensors) -> Array:
        """Convolve x with d_y, batch and channels exchanged."""
        recipe, groups = by_hand.backprop_filter(case), case.groups
        n, c, *space = t.x.shape
        split = t.x.reshape(n, groups, c // groups, *space)
        x = np.moveaxis(split, 2, 0).swapaxes(1, 2).reshape(c // groups, groups * n, *space)
        steps = {"strides": recipe.stride, "dilations": recipe.dilation, "group": groups}
        return self._run("Conv", x, t.dy.swapaxes(0, 1), recipe.pads, **steps).swapaxes(0, 1)

    @method("backprop_bias", "sum")
    def bias_by_sum(self, case: Case, t: Tensors) -> Array:
        """Run ``ReduceSum`` over batch and places."""
        axes = np.array([0, *range(2, case.dims + 2)], np.int64)
        return self._run("ReduceSum", t.dy, axes, keepdims=0)

    def _run(self, op: str, left: Array, right: Array, before: Pads = (), **how: Any) -> Array:
        """Run one node, after a ``Pad`` of the image if zeros go ``before`` it."""
        helper, inputs = self.onnx.helper, {"left": left, "right": right}
        nodes = [helper.make_node(op, ["padded" if before else "left", "right"], ["out"], **how)]
        if before:
            inputs["pads"] = np.array(_flat(((0, 0), (0, 0), *before)), np.int64)
            nodes.insert(0, helper.make_node("Pad", ["left", "pads"], ["padded"]))
        told = [helper.make_tensor_value_info(k, self._type(a), a.shape) for k, a in inputs.items()]
        result = helper.make_tensor_value_info("out", self._type(left), None)
        graph = helper.make_graph(nodes, op, told, [result])
        sets = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=8)
        options = self.runtime.SessionOptions()
        options.log_severity_level = 4  # what it says is raised too
        session = self.runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        (out,) = session.run(None, inputs)
        return out

    def _type(self, array: Array) -> int:
        types = self.onnx.TensorProto
        bits = array.dtype == np.uint16
        return types.BFLOAT16 if bits else self.onnx.helper.np_dtype_to_tensor_dtype(array.dtype)


def _steps(case: Case) -> dict[str, Any]:
    return {"strides": case.stride, "dilations": case.dilation, "group": case.groups}


def _flat(pads: Pads) -> list[int]:
    """Return pads as ONNX has them: all that come before, then all that come after."""
    return [pad[side] for side in (0, 1) for pad in pads]
