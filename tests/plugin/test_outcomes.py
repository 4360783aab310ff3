"""What checks come to as tests: failed, skipped, expected; whatever becomes of the framework."""

import xml.etree.ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

FOUR = "conv/honest,conv/wrong_element,conv/segfaults,conv/refuses"
LIARS = ("--convergent-backends=liars", "--convergent-cases=conv1d:i3_k2")


def node(method):
    return f"convergent::liars/conv/{method}/conv1d:i3_k2"


def entry(method, verdict):
    return (
        f'[[known]]\nvariant = "liars"\nchecks = ["conv/{method}"]\nverdicts = ["{verdict}"]\n'
        f'example = "conv/{method}/conv1d:i3_k2"\nkind = "notyet"\nreason = "it lies"\n'
        'issue = "https://example.org/7"\n'
    )


def test_a_crash_is_one_failure_and_is_run_again_by_lf(project):
    asked = (*LIARS, f"--convergent-methods={FOUR}")
    result = project.run(*asked, "--junitxml=junit.xml", "-rA")
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    text = result.stdout.str()
    assert "liars conv/segfaults: crashed" in text
    assert "expected -88 +/- 0" in text
    assert "convergent repro liars conv/wrong_element conv1d:i3_k2" in text
    assert "Traceback" not in text
    assert "it does not want to" in text
    tests = {t.get("name"): t for t in ET.parse(project.path / "junit.xml").iter("testcase")}
    wrong = tests["liars/conv/wrong_element/conv1d:i3_k2"]
    properties = {p.get("name"): p.get("value") for p in wrong.iter("property")}
    assert (wrong.get("classname"), properties["verdict"]) == ("convergent", "differs")
    assert wrong.find("failure").get("message").startswith("liars conv/wrong_element[0,1,0] = -87")
    again = project.run(*asked, "--lf", "-x", "-v")
    again.assert_outcomes(failed=1, deselected=3)
    again.stdout.fnmatch_lines([f"{node('wrong_element')} FAILED*"])


@pytest.mark.parametrize("dist", ["worksteal", "loadgroup"])
def test_workers_of_xdist_share_the_checks(project, dist):
    asked = (*LIARS, f"--convergent-methods={FOUR}", "-n2", f"--dist={dist}")
    result = project.run_apart(*asked, "--junitxml=junit.xml")
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    result.stdout.fnmatch_lines(["liars conv/segfaults: crashed*"])
    names = [test.get("name") for test in ET.parse(project.path / "junit.xml").iter("testcase")]
    assert len(names) == 5
    assert sum(name.startswith("liars/conv/honest/conv1d:i3_k2") for name in names) == 1


def test_a_hang_is_one_failure_whatever_pytest_timeout_says(project):
    asked = (node("hangs"), node("honest"), "--convergent-timeout=0.5")
    result = project.run_apart(*asked, "--timeout=0.2", "--timeout-method=thread")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*liars conv/hangs: timed out*"])


def test_a_known_divergence_is_an_expected_failure_and_a_stale_entry_one_that_is_none(project):
    known = entry("wrong_element", "differs") + entry("honest", "differs")
    (project.path / "known.toml").write_text(known + entry("nan", "raised"))
    asked = (node("wrong_element"), node("honest"), node("nan"), "--convergent-known=known.toml")
    result = project.run(*asked, "-rA")
    result.assert_outcomes(xfailed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "liars conv/honest/conv1d:i3_k2 no longer shows what the ledger says*",
            f"XFAIL {node('wrong_element')} - it lies (https://example.org/7)",
        ]
    )
    project.run(*asked, "--runxfail").assert_outcomes(failed=3)


def test_a_framework_that_does_not_load_is_tried_once_and_fails_each_check_in_a_line(project):
    asked = [node(method).replace("liars", "absent") for method in ("honest", "nan")]
    result = project.run(*asked)
    result.assert_outcomes(failed=2)
    assert result.stdout.str().count("libabsent.so: cannot open shared object file") >= 2
    assert "Traceback" not in result.stdout.str()
