"""The pipe's frames: what goes in comes out, and garbage is named."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from convergent.cases.errors import WorkerLost
from convergent.harness.worker import frames
from convergent.harness.worker.pipe import Pipe


def test_a_frame_comes_back_as_it_went():
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((0, 4), np.uint16)]
    back = frames.receive(io.BytesIO(frames.pack({"do": "case"}, arrays)).read)
    assert back.header == {"do": "case"}
    for sent, got in zip(arrays, back.arrays, strict=True):
        assert sent.dtype == got.dtype
        assert np.array_equal(sent, got)


def test_the_end_of_a_stream_is_none():
    assert frames.receive(io.BytesIO(b"").read) is None


@pytest.mark.parametrize(
    "content",
    [
        b"Segmentation fault (core dumped)",
        frames.pack({})[:4] + b"\xff" * 12,
        frames.MAGIC + b"\x02\0\0\0" + b"\0" * 8 + b"[]",
        frames.MAGIC + b"\x02\0\0\0" + b"\0" * 8 + b"{]",
        frames.pack({}).replace(b'"arrays": []', b'"arrays": 12'),
        frames.pack({}, [np.zeros(2)]).replace(b"float64", b"object0"),
        frames.pack({}, [np.zeros(2)]).replace(b"[2]", b"[9]"),
        frames.pack({}, [np.zeros(2)]).replace(b"[2]", b"[1]"),
        frames.pack({}, [np.zeros(2)]).replace(b"[2]", b"[-]"),
    ],
)
def test_garbage_is_a_lost_worker(content):
    with pytest.raises(WorkerLost, match="garbage"):
        frames.receive(io.BytesIO(content).read)


def test_what_a_killed_process_left_for_a_while_is_gone():
    code = "import tempfile, time\nfile = tempfile.mkstemp()[1]\nraise SystemExit(file)"
    pipe = Pipe([sys.executable, "-c", code], os.environ)
    with pytest.raises(WorkerLost):
        pipe.receive(20)
    left = Path(pipe.stderr_tail())
    assert left.is_file()
    pipe.close()
    assert not left.parent.exists()
