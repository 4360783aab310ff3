"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from convergent.harness import aside


def test_a_file_is_replaced_and_keeps_who_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("old")
    path.chmod(0o600)
    aside.write(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["old", None])
def test_what_a_link_names_is_replaced_and_not_the_link(
    tmp_path: Path, content: str | None
) -> None:
    link, named = tmp_path / "link", tmp_path / "folder" / "named"
    link.symlink_to(named)
    if content is not None:
        named.parent.mkdir()
        named.write_text(content)
    aside.write(link, b"new")
    assert link.is_symlink()
    assert named.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    aside.write_all(pipe, [b"one ", b"two"])
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(10)
    assert got == [b"one two"]


def test_a_folder_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as raised:
        aside.write(tmp_path, b"")
    assert raised.value.filename == str(tmp_path)
