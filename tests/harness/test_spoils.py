"""Wrong results beside a run file: few, small, and of as many findings as there is room for."""

import numpy as np
import pytest

from convergent.harness import spoils
from convergent.harness.outcome import Outcome
from convergent.harness.spoils import EACH, FOLDER, LARGEST, MOST, Arrays


def outcome(digest, method="native", verdict="differs"):
    return Outcome(
        variant="torch", op="conv", method=method, case="conv1d:i3_k2", verdict=verdict,
        digest=f"{digest:016x}",
    )  # fmt: skip


def names(folder):
    return {path.stem for path in (folder / FOLDER).iterdir()}


@pytest.fixture
def arrays(tmp_path):
    return Arrays(tmp_path)


def test_a_frequent_finding_leaves_room_for_the_others(tmp_path, arrays):
    for digest in range(5):
        arrays.keep(outcome(digest), np.ones(3))
    arrays.keep(outcome(9, method="autodiff"), np.ones(3))
    assert names(tmp_path) == {f"{n:016x}" for n in (*range(EACH), 9)}


def test_the_same_bits_by_many_methods_are_one_file_and_take_one_place(tmp_path, arrays):
    for n in range(2 * MOST):
        arrays.keep(outcome(1, method=f"m{n}"), np.ones(3))
    arrays.keep(outcome(2), np.ones(3))
    assert names(tmp_path) == {f"{n:016x}" for n in (1, 2)}


def test_no_more_than_most_and_none_too_large(tmp_path, arrays, monkeypatch):
    arrays.keep(outcome(999), np.empty(LARGEST + 1, np.uint8))
    monkeypatch.setattr(spoils, "MOST", 4)
    for n in range(9):
        arrays.keep(outcome(n, method=f"m{n}"), np.ones(3))
    assert names(tmp_path) == {f"{n:016x}" for n in range(4)}


def test_a_merge_takes_as_many_from_other_runs(tmp_path):
    old = Arrays(tmp_path / "old")
    for n in range(4):
        old.keep(outcome(n, method=f"m{n % 2}"), np.ones(3))
    new = Arrays(tmp_path / "new")
    for n in range(4):
        new.want(outcome(n), tmp_path / "old")
    new.want(outcome(1, method="m1"), tmp_path / "old")
    new.copy()
    assert names(tmp_path / "new") == {f"{n:016x}" for n in range(EACH)}
