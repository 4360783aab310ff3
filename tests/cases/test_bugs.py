"""Comments that document bugs, and the suite that is made of them."""

from collections import Counter

import pytest

from convergent.cases import bugs, suites
from convergent.cases.errors import InvalidCase
from convergent.cases.features import features
from convergent.cases.text import parse
from convergent.harness import ledger

CASE = parse("conv2d:i5_k3_d2")
URL = "https://github.com/pytorch/pytorch/issues/82060"
FOUND = suites.documented("regression")
EXAMPLES = {parse(entry.example.rsplit("/", 1)[1]) for entry in ledger.load().entries}
REPORTED = [bug for bug in FOUND if bug.case not in EXAMPLES]


def test_a_comment_is_read():
    bug = bugs.read(CASE, f"{URL} |  crash| out of bounds ")
    assert (bug.case, bug.url, bug.kind) == (CASE, URL, "crash")
    assert (bug.remark, bug.project) == ("out of bounds", "pytorch/pytorch")
    assert bugs.read(CASE, "not reported before | nan | everywhere").project == ""
    assert bugs.read(CASE, "https://gitlab.com/a/eigen/-/issues/31 | nan | x").project == "a/eigen"


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("", "'' documents no bug; write URL | KIND | WORDS"),
        ("what NNPACK takes by Winograd", "documents no bug"),
        (f"{URL} | crash", "documents no bug"),
        (f"{URL} | crash | ", "documents no bug"),
        (f"{URL} | crash | here | there", "documents no bug"),
        ("http://github.com/a/b/issues/1 | crash | here", "no https address"),
        ("https://github.com/a/b | crash | here", "no https address"),
        ("https://github.com/a/b/issues/ | crash | here", "no https address"),
        ("reported before | crash | here", "no https address of a report, nor 'not reported"),
        (f"{URL} | wrong | here", "'wrong' is no kind of bug; the kinds are wrong-value, "),
    ],
)
def test_a_comment_that_documents_no_bug_is_refused(comment, said):
    with pytest.raises(InvalidCase) as raised:
        bugs.read(CASE, comment)
    assert said in str(raised.value)


def test_a_bad_comment_is_told_with_its_suite_and_line():
    with pytest.raises(InvalidCase, match=r"special\.txt, line 5: '' documents no bug"):
        suites.documented("special")


def test_the_bug_of_a_case_is_found():
    assert all(suites.bug_of(bug.case) == bug for bug in FOUND)
    assert suites.bug_of(parse("conv1d:i997_k3")) is None


def test_comments_come_with_their_cases():
    found = suites.commented("regression")
    assert [case for case, _ in found] == suites.load("regression")
    assert all(comment.count("|") == 2 for _, comment in found)
    assert {comment for _, comment in suites.commented("ci")} == {""}


def test_the_suite_documents_many_bugs_of_many_projects_and_kinds():
    assert len({bug.url for bug in REPORTED}) >= 60
    assert len({bug.project for bug in REPORTED}) >= 10
    assert {bug.kind for bug in REPORTED} >= {"wrong-value", "wrong-gradient", "nan", "memory"}
    wrong = [bug for bug in REPORTED if bug.kind in ("wrong-value", "wrong-gradient")]
    assert len(wrong) > 0.4 * len(REPORTED)


def test_every_reported_bug_is_asked_once_and_says_where():
    assert all(bug.url.startswith("https://") for bug in REPORTED)
    assert max(Counter(bug.url for bug in REPORTED).values()) == 1
    assert max(Counter(bug.remark for bug in FOUND).values()) == 1


def test_the_cases_are_small_and_stand_in_no_other_suite():
    assert max(bug.case.macs for bug in FOUND) < 10_000_000
    others = {case for name in suites.names() if name != "regression" for case in suites.load(name)}
    assert others.isdisjoint(bug.case for bug in FOUND)


def test_every_example_of_the_ledger_stands_in_some_suite():
    asked = {case for name in suites.names() for case in suites.load(name)}
    assert not {str(case) for case in EXAMPLES - asked}


def test_only_the_ledgers_own_are_unreported():
    unreported = {bug.case for bug in FOUND if bug.url == bugs.UNREPORTED}
    assert unreported <= EXAMPLES


@pytest.mark.parametrize("bug", FOUND, ids=lambda bug: str(bug.case))
def test_a_window_of_every_case_meets_the_image(bug):
    case = bug.case
    if "empty" in features(case):
        return
    axes = zip(
        case.input, case.kernel, case.stride, case.dilation, case.pads, case.output, strict=True
    )
    for size, kernel, stride, dilation, (before, _), output in axes:
        places = {o * stride + k * dilation - before for o in range(output) for k in range(kernel)}
        assert places & set(range(size)), "every product is with padding: nothing is asked"
