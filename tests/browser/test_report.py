"""The report in a real browser: its filters, its links, its keyboard, its size."""

from __future__ import annotations

import random

import numpy as np
import pytest

from convergent.cases.text import parse
from convergent.harness import compare
from convergent.harness.outcome import Outcome
from convergent.harness.record import End, Header, Loaded, Writer, read
from convergent.harness.referee import Referee
from convergent.reports import html

OPS = ("conv", "backprop_input", "backprop_filter", "transpose")
DTYPES = ("", "_float64", "_float16", "_bfloat16")
WRONG = "conv2d:n2_i6x5_c2_k3_o2_s2"


def _lines(checks: int):
    draw = random.Random(3)
    cases = [
        f"conv{d}d:n2_i{'x'.join(['9'] * d)}_c4_k{k}_o4{s}{dtype}_normal{seed}"
        for d in (1, 2) for k in (2, 3) for s in ("", "_s2", "_g2") for dtype in DTYPES
        for seed in ("", "_seed1", "_seed2")
    ]  # fmt: skip
    variants = ["torch", "torch:no_onednn", "tensorflow", "tensorflow:xla", "jax", "jax:jit"]
    methods = ["native", "autodiff", *(f"way_{n}" for n in range(60))]
    rows = ((v, o, m, c) for m in methods for c in cases for v in variants for o in OPS)
    for _, (variant, op, method, case) in zip(range(checks), rows, strict=False):
        ratio, again = draw.lognormvariate(-1.8, 0.4), draw.lognormvariate(-7, 0.5)
        fields = {"variant": variant, "op": op, "method": method, "case": case, "size": 96}
        if draw.random() < 0.02 and variant == "tensorflow:xla":
            yield Outcome(**fields, verdict="differs", ratio=ratio * 1e6, ulp=1e7, outside=3)
        elif draw.random() < 0.1:
            yield Outcome(**fields, verdict="unsupported", detail="is not offered")
        else:
            yield Outcome(**fields, verdict="agrees", ratio=min(ratio, 1.0), ulp=ratio, again=again,
                          seconds=2 * again, digest=f"{draw.randrange(9):016x}")  # fmt: skip


def _wrong(folder):
    """Return a wrong result and keep its array as a run does."""
    case = parse(WRONG)
    question = Referee().question(case, "conv")
    array = question.stored.copy()
    array[1, -1, -1, 0] += np.float32(0.5)
    judged = question.judge(array, case.dtype)
    digest = compare.digest(array, case.dtype)
    (folder / "arrays").mkdir()
    np.save(folder / "arrays" / f"{digest}.npy", array)
    names = {name: getattr(judged, name) for name in judged.__struct_fields__}
    return Outcome(**names, variant="torch", op="conv", method="native", case=WRONG, digest=digest,
                   kernel=" + ".join(["onednn brg_deconv:avx512_core_bf16"] * 6))  # fmt: skip


def _report(folder, checks: int):
    outcomes = [_wrong(folder), *_lines(checks)]
    variants = list(dict.fromkeys(o.variant for o in outcomes))
    writer = Writer(folder / "run.jsonl")
    writer.write(
        Header(version="0.1.0", started="2026-01-02T03:04:05Z", argv=["run"], suite="ci", seed=0,
               variants=variants, cases=9, checks=len(outcomes), plan="a", environment={})
    )  # fmt: skip
    for name in variants:
        writer.write(Loaded(name=name, loaded={"version": "2.0"}))
    for o in outcomes:
        writer.write(o)
    writer.write(End(finished="2026-01-02T03:05:05Z", wall=60, workers=50, harness=1, framework=9))
    writer.close()
    html.write(read(folder / "run.jsonl"), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return _report(tmp_path_factory.mktemp("report"), 7000)


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    return _report(tmp_path_factory.mktemp("huge"), 200_000)


def figures(page) -> dict[str, str]:
    """Return what each figure of the page shows now."""
    return page.evaluate(
        """() => ({
        counts: document.getElementById("counts").textContent,
        matrix: document.getElementById("cells").tBodies[0].textContent,
        spread: document.getElementById("spread").textContent,
        bars: document.getElementById("spread").innerHTML,
        list: document.getElementById("list").tBodies[0].textContent,
        pages: document.getElementById("pages").textContent,
        choices: [...document.querySelectorAll("#choose select")].map((s) => s.textContent).join(),
        })"""
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "jax"),
        ("variant", "tensorflow:xla"),
        ("op", "conv"),
        ("method", "autodiff"),
        ("dims", "2d"),
        ("dtype", "float16"),
        ("stride", "2"),
        ("groups", "2"),
        ("verdict", "agrees"),
    ],
)
def test_each_filter_changes_every_figure(opened, report, name, value) -> None:
    page = opened(report)
    before = figures(page)
    page.select_option(f"#choose select[name={name}]", value)
    after = figures(page)
    same = [figure for figure in before if before[figure] == after[figure]]
    assert same in ([], ["matrix"] if name == "op" else [], ["list"] if name == "verdict" else [])
    assert page.locator("#filter").is_visible()


def test_the_counts_of_the_choices_are_those_that_choosing_gives(opened, report) -> None:
    page = opened(report)
    page.select_option("select[name=backend]", "torch")
    option = page.locator("select[name=dtype] option[value=float16]").text_content()
    page.select_option("select[name=dtype]", "float16")
    total = page.locator("#pages span").text_content().split(" of ")[1]
    assert option == f"float16 ({total})"


def test_text_narrows_and_escape_shows_all(opened, report) -> None:
    page = opened(report)
    everything = page.locator("#pages span").text_content()
    page.keyboard.press("/")
    page.keyboard.type("xla float16 s2")
    page.wait_for_url(lambda url: "q=xla" in url)
    assert page.locator("#list tbody tr.row").count() > 0
    for row in page.locator("#list tbody tr.row").all():
        assert all(part in row.text_content() for part in ("xla", "float16", "s2"))
    page.keyboard.press("Escape")
    assert page.locator("#pages span").text_content() == everything
    page.wait_for_url(lambda url: "#" not in url)


def test_a_link_brings_back_what_was_chosen(opened, report) -> None:
    page = opened(report)
    page.select_option("select[name=variant]", "tensorflow:xla")
    page.select_option("select[name=verdict]", "differs")
    page.locator("#list th[data-sort=ratio] button").click()
    page.wait_for_url(lambda url: "sort=-ratio" in url)
    again = opened(report, page.evaluate("location.hash"))
    assert figures(again) == figures(page)
    assert again.locator("select[name=verdict]").input_value() == "differs"


def test_going_back_takes_back_what_a_link_chose(opened, report) -> None:
    page = opened(report)
    before = figures(page)
    page.locator(".chip.differs").click()
    page.wait_for_function("document.getElementById('filter').hidden === false")
    page.go_back()
    page.wait_for_function("document.getElementById('filter').hidden")
    assert figures(page) == before


def test_a_link_to_a_place_leaves_the_choice_in_the_address(opened, report) -> None:
    page = opened(report)
    page.select_option("select[name=backend]", "jax")
    page.wait_for_url(lambda url: url.endswith("#backend=jax"))
    page.locator("nav a[href='#environment']").click()
    page.wait_for_function("scrollY > 0")
    page.wait_for_url(lambda url: url.endswith("#backend=jax"))
    assert page.locator("select[name=backend]").input_value() == "jax"


def test_a_link_to_a_finding_that_is_hidden_shows_it(opened, report) -> None:
    page = opened(report)
    link = page.locator(".broke a").first
    card = page.locator(link.get_attribute("href"))
    page.select_option("select[name=backend]", "jax")
    assert not card.is_visible()
    link.click()
    card.locator(".body").wait_for(state="visible")
    assert card.evaluate("e => Math.abs(e.getBoundingClientRect().top) < innerHeight")


def test_a_cell_chooses_its_checks_by_mouse_and_by_keyboard(opened, report) -> None:
    page = opened(report)
    page.locator("#cells tbody tr.op td.c").first.click()
    assert page.locator("select[name=variant]").input_value() == "torch"
    assert page.locator("select[name=op]").input_value() == "conv"
    page.keyboard.press("Escape")
    page.locator("#cells td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert "no_onednn" in page.locator("#readout").text_content()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    assert page.locator("select[name=variant]").input_value() == "torch:no_onednn"


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        ("dtype=float16", 0),
        ("stride=2", 1),
        ("dims=1d&stride=2", 0),
        ("q=tensorflow", 0),
        ("q=torch+s2", 1),
    ],
)
def test_a_finding_is_shown_while_a_chosen_check_is_of_it(opened, report, choice, shown) -> None:
    page = opened(report, f"#{choice}")
    card = page.locator(".card", has_text="torch conv/native")
    assert card.filter(visible=True).count() == shown
    hidden = page.locator(".card[hidden]").count()
    assert page.locator(".hidden").first.text_content().startswith(f"{hidden} of ")


@pytest.mark.parametrize("width", [1400, 360])
def test_the_bar_of_the_filter_hides_no_heading(opened, report, width) -> None:
    page = opened(report, "#stride=2&dtype=float32", viewport={"width": width, "height": 700})
    bottom = page.evaluate("document.getElementById('filter').getBoundingClientRect().bottom")
    top = page.evaluate("document.getElementById('findings').getBoundingClientRect().top")
    assert bottom <= top < bottom + 40


def test_all_of_a_finding_are_in_the_list_and_nothing_else(opened, report) -> None:
    page = opened(report)
    card = page.locator("#findings ~ .card", has_text="in the list").first
    link = card.locator("a", has_text="in the list")
    count = link.text_content().split()[1]
    card.evaluate("e => { e.open = true; }")
    link.click()
    page.wait_for_function("document.getElementById('filter').hidden === false")
    assert page.locator("#pages span").text_content().endswith(f" of {count}")
    assert page.evaluate("document.activeElement.id") == "checks"
    assert page.locator(".card:not([hidden])").count() == 1
    title = card.locator("b").first.text_content()
    assert page.locator("#drop button").first.text_content() == f"finding: {title} \u00d7"


@pytest.mark.parametrize("asked", ["999999", "1.5", "-3", "none"])
def test_a_page_beyond_the_list_is_the_nearest_one(opened, report, asked) -> None:
    page = opened(report, f"#page={asked}")
    back, forth = page.locator("#pages button").all()
    before = page.locator("#pages span").text_content()
    assert (back.is_disabled(), forth.is_disabled()) == (asked != "999999", asked == "999999")
    (forth if back.is_disabled() else back).click()
    after = page.locator("#pages span").text_content()
    starts = [int(text.split("\u2013")[0].replace(",", "")) for text in (before, after)]
    assert abs(starts[1] - starts[0]) == 50
    assert starts[0] % 50 == 1


def test_the_list_is_walked_by_arrow_keys(opened, report) -> None:
    page = opened(report)
    page.locator("#list tbody .row button").first.focus()
    for _ in range(50):
        page.keyboard.press("ArrowDown")
    assert page.locator("#pages span").text_content().startswith("51\u2013100")
    page.keyboard.press("Enter")
    assert page.locator("#list .detail code").text_content().startswith("convergent repro ")


def test_copying_puts_the_command_on_the_clipboard(opened, report) -> None:
    page = opened(report, permissions=["clipboard-read", "clipboard-write"])
    card = page.locator("#findings ~ .card", has_text="torch conv/native")
    card.locator("summary").first.click()
    card.locator(".copy").first.click()
    card.locator(".copy", has_text="Copied").wait_for()
    assert (
        page.evaluate("navigator.clipboard.readText()")
        == f"convergent repro torch conv/native {WRONG}"
    )


def test_a_finding_opens_with_its_pictures(opened, report) -> None:
    page = opened(report)
    card = page.locator("#findings ~ .card", has_text="torch conv/native")
    card.locator("summary").first.click()
    labels = [c.get_attribute("aria-label") for c in card.locator("canvas").all()]
    assert [label.split(",")[0] for label in labels] == ["expected", "actual", "difference"]
    assert labels[2].endswith("the worst element is 0.5")
    assert card.locator(".ulps tr").first.text_content() == "exact15"
    assert "import torch" in card.locator("details.script code").text_content()
    card.locator(".slices select").first.select_option("0")
    assert "worst" not in card.locator("canvas").nth(2).get_attribute("aria-label")


def test_a_narrow_screen_does_not_scroll_sideways(opened, report) -> None:
    page = opened(report, viewport={"width": 360, "height": 700})
    for card in page.locator("#findings ~ .card > summary").all():
        card.click()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize(("media", "width"), [("print", 718), ("screen", 360)])
def test_long_names_of_kernels_stay_on_the_page(opened, report, media, width) -> None:
    page = opened(report, viewport={"width": width, "height": 700})
    page.emulate_media(media=media)
    table = page.locator("section:has(> #kernels) table")
    assert table.evaluate("e => e.getBoundingClientRect().right") <= width


def test_dark_and_light_differ_and_can_be_read(opened, report) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        page = opened(report, color_scheme=scheme)
        for selector in (
            "body",
            "h1",
            ".lead",
            "td.c.r7",
            "td.c.r4",
            ".tag.differs",
            ".pairs td.same i, .pairs td.other i",
            "td.slower i, td.faster i",
        ):
            ground, contrast = page.locator(selector).first.evaluate(CONTRAST)
            assert contrast >= 4.5, (scheme, selector, contrast)
            grounds.add(ground) if selector == "body" else None
    assert len(grounds) == 2


CONTRAST = """element => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  let ground = element, colour = [0, 0, 0, 0];
  while (ground && colour[3] === 0) {
    colour = parse(getComputedStyle(ground).backgroundColor);
    if (colour.length === 3) colour.push(1);
    ground = ground.parentElement;
  }
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(colour)]
    .sort((x, y) => y - x);
  return [String(colour), (a + .05) / (b + .05)];
}"""


def test_two_hundred_thousand_checks_can_be_used(opened, huge) -> None:
    assert huge.stat().st_size < 12_000_000
    page = opened(huge)
    assert page.locator("#pages span").text_content().endswith("of 200,001")
    ready = float(page.evaluate("document.documentElement.dataset.ready"))
    spent = []
    for name, value in (
        ("dtype", "float16"),
        ("variant", "jax"),
        ("verdict", "agrees"),
        ("dtype", ""),
    ):
        page.select_option(f"select[name={name}]", value)
        spent.append(float(page.evaluate("document.documentElement.dataset.ms")))
    print(f"{huge.stat().st_size / 1e6:.1f} MB, ready in {ready:.0f} ms, filters in {spent} ms")
    assert ready < 6000, "1500 ms on a machine that does nothing else"
    assert min(spent) < 400, "100 ms on a machine that does nothing else"
    assert page.evaluate("document.getElementsByTagName('*').length") < 40_000
