"""The pictures of a finding: bounded, of the very result that was judged, and never an error."""

from __future__ import annotations

import base64
import os
import pickle

import numpy as np
import pytest

from convergent.cases.text import parse
from convergent.harness import compare
from convergent.harness.outcome import Outcome
from convergent.harness.referee import Referee
from convergent.reports.dossier import dossiers
from convergent.reports.groups import alike, group
from convergent.reports.heat import MOST, axes, heat, region, spread


@pytest.fixture
def kept(tmp_path):
    """Return what keeps a wrong result of a case in a run's folder, and its outcome."""

    def kept(line="conv2d:i5x6_c2_k3_o2", op="conv", add=0.5, at=-1):
        case = parse(line)
        question = Referee().question(case, op)
        array = question.stored.copy()
        array.reshape(-1)[at] += array.dtype.type(add)
        digest = compare.digest(array, case.dtype)
        (tmp_path / "arrays").mkdir(exist_ok=True)
        path = tmp_path / "arrays" / f"{digest}.npy"
        np.save(path, array)
        judged = question.judge(array, case.dtype)
        fields = {name: getattr(judged, name) for name in judged.__struct_fields__}
        given = {"variant": "torch", "op": op, "method": "native", "case": line}
        return Outcome(**fields, **given, digest=digest), path

    return kept


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f8")


def test_a_picture_holds_both_results_and_marks_the_worst(kept, tmp_path) -> None:
    o, path = kept()
    found = heat(o, tmp_path, Referee())
    assert found["shape"] == found["whole"] == [1, 3, 4, 2]
    assert found["worst"] == [0, 2, 3, 1]
    assert found["names"] == ["batch", "row", "column", "output channel"]
    assert (floats(found["actual"]) == np.load(path).ravel()).all()
    difference = floats(found["actual"]) - floats(found["expected"])
    assert list(np.flatnonzero(difference)) == [23]
    assert found["ulps"][0] == 23
    assert sum(found["ulps"]) == 24


def test_of_a_large_result_the_part_around_the_worst_is_kept(kept, tmp_path) -> None:
    o, _ = kept("conv2d:i130_c1_k3", at=0)
    found = heat(o, tmp_path, Referee())
    assert floats(found["actual"]).size == np.prod(found["shape"]) <= MOST
    assert found["origin"] == [0, 0, 0, 0]
    assert sum(found["ulps"]) == 128 * 128  # the histogram is of all


@pytest.mark.parametrize("around", [(0, 0, 0), (63, 63, 63), (31, 0, 63)])
def test_a_region_holds_what_it_is_around(around) -> None:
    parts = region((64, 64, 64), around)
    assert all(part.start <= at < part.stop <= 64 for part, at in zip(parts, around, strict=True))


def test_every_axis_of_a_jacobian_is_named() -> None:
    case = parse("conv2d:i5_k3")
    assert len(axes("jacobian_filter", case)) == 8
    assert axes("jacobian_filter", case)[4] == "w kernel row"
    assert axes("backprop_bias", case) == ["output channel"]


def test_errors_are_counted_by_decades_of_ulp() -> None:
    ulps = np.array([0, 0.5, 1, 9.9, 10, 1e8, 1e30, np.inf, np.nan])
    assert spread(ulps) == [1, 1, 2, 1, 0, 0, 0, 0, 0, 0, 4]


def _link(path):
    target = path.with_suffix(".real")
    path.rename(target)
    path.symlink_to(target)


def _fifo(path):
    path.unlink()
    os.mkfifo(path)


def _head(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(1, 3, 4, 2)", b"(9, 9, 9, 9)"))


def _pickle(path):
    path.write_bytes(pickle.dumps([1]))


def _objects(path):
    np.save(path, np.array([{}]), allow_pickle=True)


def _other(path):
    np.save(path, np.zeros((1, 3, 4, 2), np.float32))


def _short(path):
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize("spoil", [_link, _fifo, _head, _pickle, _objects, _other, _short])
def test_a_file_that_is_not_the_result_gives_no_picture(kept, tmp_path, spoil) -> None:
    o, path = kept()
    spoil(path)
    assert heat(o, tmp_path, Referee()) is None


@pytest.mark.parametrize("fields", [{"digest": "../../x"}, {"case": "no"}, {"op": "none"}])
def test_an_outcome_that_is_not_of_it_gives_no_picture(kept, tmp_path, fields) -> None:
    o, _ = kept()
    given = {name: getattr(o, name) for name in o.__struct_fields__}
    assert heat(Outcome(**given | fields), tmp_path, Referee()) is None


def test_a_finding_has_its_picture_and_its_script(kept, run_of, tmp_path) -> None:
    o, _ = kept()
    run = run_of(o, path=str(tmp_path / "run.jsonl"))
    (found,) = dossiers(run, alike(group(run.outcomes)))
    assert found.heat is not None
    assert "import torch" in found.script
    assert not found.unwritten


def test_a_finding_that_cannot_be_shown_says_why(run_of, wrong) -> None:
    run = run_of(wrong(case="nonsense"), wrong(variant="nobody"), wrong(method="none"))
    for found in dossiers(run, alike(group(run.outcomes))):
        assert found.heat is None
        assert found.unwritten


@pytest.mark.parametrize(
    ("known", "issue"),
    [
        ("wrong (https://github.com/a/b/issues/1)", "https://github.com/a/b/issues/1"),
        ("wrong (not reported before)", ""),
        ("wrong (javascript:alert(1))", ""),
        ('wrong (https://a.b/c" onclick=x)', ""),
    ],
)
def test_a_known_finding_links_to_its_issue(run_of, wrong, known, issue) -> None:
    run = run_of(wrong(known=known))
    (found,) = dossiers(run, alike(group(run.outcomes)))
    assert found.issue == issue
