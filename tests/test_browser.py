"""The page: real JupyterLab, real Chromium, a notebook of a stranger, no kernel. Needs no pixels to be right."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import every_mark
import lab as laboratory
import numpy as np
import pytest
from matplotlib.colors import to_hex
from skimage.data import shepp_logan_phantom

import jupyter_phys as jp
from benchmarks import page as bench
from jupyter_phys.figures import paper
from jupyter_phys.figures.mark import Heat
from jupyter_phys.figures.number import number
from jupyter_phys.figures.panel import plots
from jupyter_phys.figures.payload import payload
from jupyter_phys.figures.scale import settle
from jupyter_phys.figures.theme import THEMES

pytestmark = pytest.mark.xdist_group("browser")

MARKUP = every_mark.MARKUP
GROUPS = ".jphys-reading > :is(.jphys-row, .jphys-explorer, .jphys-tableframe)"
SMALL = """canvas => {
  const pen = new OffscreenCanvas(48, 48).getContext('2d');
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(canvas, 0, 0, 48, 48);
  return [...pen.getImageData(0, 0, 48, 48).data];
}"""


@pytest.fixture(scope="module")
def errors() -> list[str]:
    return []


@pytest.fixture(scope="module")
def opened(lab: laboratory.Lab, chromium: Any, errors: list[str]) -> Iterator[Any]:
    """A notebook with panels of every kind, open once for all tests."""
    lab.write("every.ipynb", {laboratory.READING: every_mark.reading(), "text/plain": "every mark"})
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "every.ipynb")
    yield page
    page.context.close()


@pytest.fixture
def page(opened: Any, errors: list[str]) -> Iterator[Any]:
    """The open notebook as it was; what a test does to it must leave no error in the console."""
    errors.clear()
    yield opened
    opened.evaluate("() => document.querySelectorAll('.jphys-reset:not([hidden])').forEach(it => it.click())")
    for off in opened.locator(".jphys-entry[aria-pressed=false]").all():
        off.click()
    opened.mouse.move(2, 2)
    assert errors == []


def panel(page: Any, title: str) -> Any:
    found = page.locator(f'.jphys-plot[data-panel="{title}"]')
    found.scroll_into_view_if_needed()
    return found


def frame(panel: Any) -> dict[str, float]:
    """The box inside the axes, once the page has come to rest after scrolling."""
    canvas, last = panel.locator("canvas"), None
    while (now := canvas.bounding_box()) != last:
        last = now
        panel.page.wait_for_timeout(60)
    return now


def at(panel: Any, across: float, down: float) -> tuple[float, float]:
    box = frame(panel)
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def drag(page: Any, panel: Any, start: tuple[float, float], stop: tuple[float, float]) -> None:
    page.mouse.move(*at(panel, *start))
    page.mouse.down()
    page.mouse.move(*at(panel, *stop), steps=5)
    page.mouse.up()


def span(panel: Any, axis: str) -> tuple[float, float]:
    low, high = panel.evaluate("(it, axis) => [it.dataset[`${axis}Low`], it.dataset[`${axis}High`]]", axis)
    return float(low), float(high)


def wait_for_span(panel: Any, axis: str, old: tuple[float, float], *, changed: bool = True) -> tuple[float, float]:
    for _ in range(100):
        now = span(panel, axis)
        if (now != pytest.approx(old)) is changed:
            return now
        panel.page.wait_for_timeout(30)
    raise AssertionError(f"the {axis} axis still shows {span(panel, axis)}")


def test_no_kernel_runs(page: Any, lab: laboratory.Lab):
    assert lab.api("api/kernels") == []


def test_axes_have_titles_with_units_and_plots_have_words_for_who_cannot_see(page: Any):
    one = panel(page, "ΔS against window scale")
    texts = one.locator("svg text").all_text_contents()
    assert {"window scale s (samples)", "entropy change ΔS (nat)"} <= set(texts)
    assert {"1", "10", "100"} <= set(texts)
    stage = one.get_by_role("application")
    label = stage.get_attribute("aria-label")
    assert "Horizontal: window scale s (samples). Vertical: entropy change ΔS (nat)." in label
    assert "Arrow keys" in label
    assert page.locator(".jphys-stage").count() == len(plots(every_mark.panels()))


def test_hovering_reads_the_nearest_point_with_its_name_error_and_unit(page: Any):
    one = panel(page, "Mass residuals")
    low, high = span(one, "x")
    bottom, top = span(one, "y")
    points = every_mark.scatter().marks[1]
    place = (points.x[0] - low) / (high - low), 1 - (points.y[0] - bottom) / (top - bottom)
    page.mouse.move(*at(one, *place))
    tip = one.locator(".jphys-tip")
    tip.wait_for(state="visible")
    said = tip.inner_text()
    assert points.names[0] in said
    assert "residual" in said and "(30) MeV" in said
    page.mouse.move(2, 2)
    tip.wait_for(state="hidden")


def test_hovering_a_map_reads_its_cell_and_marks_the_place_in_its_neighbours(page: Any):
    one = panel(page, "before")
    page.mouse.move(*at(one, 36.5 / 64, 24.5 / 64))
    tip = one.locator(".jphys-tip")
    tip.wait_for(state="visible")
    value = every_mark.maps()[0].marks[0].values[24, 36]
    assert re.search(rf"column\s*36 samples\s*row\s*24 samples\s*magnitude\s*{number(value)} T", tip.inner_text())
    hairs = panel(page, "after").locator(".jphys-hairs")
    assert "h" in hairs.get_attribute("d") and "v" in hairs.get_attribute("d")
    page.mouse.move(*at(panel(page, "after"), 20.5 / 64, 44.5 / 64))
    missing = panel(page, "after").locator(".jphys-tip")
    missing.wait_for(state="visible")
    assert "not measured" in missing.inner_text()


def test_the_legend_switches_series_off_and_on(page: Any):
    one = panel(page, "ΔS against window scale")
    curves = one.locator('svg [aria-label="line"]')
    before = curves.count()
    entry = one.get_by_role("button", name="measured", exact=True)
    assert entry.get_attribute("aria-pressed") == "true"
    entry.click()
    entry = one.get_by_role("button", name="measured", exact=True)
    assert entry.get_attribute("aria-pressed") == "false"
    page.wait_for_timeout(100)
    assert curves.count() == before - 1
    assert one.locator('svg [aria-label="area"]').count() == 1, "its band goes with it, the region stays"
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert curves.count() == before


def test_dragging_zooms_all_that_share_the_quantity_and_a_double_click_shows_all(page: Any):
    one, other = panel(page, "before"), panel(page, "after")
    whole = span(one, "x")
    drag(page, one, (0.25, 0.25), (0.5, 0.5))
    zoomed = wait_for_span(one, "x", whole)
    assert zoomed == pytest.approx((15.5, 31.5), abs=0.5)
    assert wait_for_span(other, "x", whole) == zoomed
    assert span(other, "y") == span(one, "y") != whole
    drag_with_shift(page, one)
    moved = wait_for_span(one, "x", zoomed)
    assert moved[1] - moved[0] == pytest.approx(zoomed[1] - zoomed[0])
    page.mouse.dblclick(*at(one, 0.5, 0.5))
    assert wait_for_span(one, "x", whole, changed=False) == whole


def drag_with_shift(page: Any, one: Any) -> None:
    page.keyboard.down("Shift")
    drag(page, one, (0.5, 0.5), (0.7, 0.5))
    page.keyboard.up("Shift")


def test_the_wheel_zooms_with_ctrl_alone_and_around_the_pointer(page: Any):
    one = panel(page, "Rotation")
    whole = span(one, "y")
    page.mouse.move(*at(one, 0.5, 0.5))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -150)
    low, high = wait_for_span(one, "y", whole)
    page.keyboard.up("Control")
    assert low * high == pytest.approx(whole[0] * whole[1], rel=0.05), "the middle of a logarithmic axis stays"
    one.locator(".jphys-reset").click()
    assert wait_for_span(one, "y", whole, changed=False) == whole


def test_a_slim_box_zooms_one_axis_alone(page: Any):
    one = panel(page, "Mass residuals")
    x, y = span(one, "x"), span(one, "y")
    drag(page, one, (0.2, 0.5), (0.6, 0.51))
    wait_for_span(one, "x", x)
    assert span(one, "y") == y


def test_the_keyboard_reads_zooms_and_leaves(page: Any):
    one = panel(page, "ΔS against window scale")
    one.locator(".jphys-entry").last.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("jphys-stage")
    live = one.locator("[aria-live=polite]")
    page.keyboard.press("ArrowRight")
    assert live.text_content() == "measured, window scale s 1 samples, entropy change ΔS 1.17 nat"
    page.keyboard.press("ArrowRight")
    assert live.text_content().startswith("measured, window scale s 1.081 samples, ")
    page.keyboard.press("ArrowDown")
    assert live.text_content().startswith(MARKUP)
    whole = span(one, "x")
    page.keyboard.press("+")
    assert wait_for_span(one, "x", whole)[1] < whole[1]
    page.keyboard.press("0")
    wait_for_span(one, "x", whole, changed=False)
    page.keyboard.press("Escape")
    assert live.text_content() == ""
    assert not page.evaluate("document.activeElement.className").startswith("jphys-stage")


def test_arrows_walk_over_the_cells_of_a_map_as_the_eye_sees_them(page: Any):
    one = panel(page, "before")
    one.get_by_role("application").focus()
    live = one.locator("[aria-live=polite]")
    for key, said in {"ArrowUp": "row 32", "ArrowDown": "row 33", "ArrowRight": "column 33", "Home": "row 0"}.items():
        page.keyboard.press(key)
        assert f"{said} samples" in live.text_content()
    page.keyboard.press("Escape")


def test_a_movie_plays_and_stops_at_a_time(page: Any):
    one = panel(page, "Fireball")
    clock, slider = one.locator("output"), one.get_by_role("slider", name="time τ (fm/c)")
    assert clock.inner_text() == "time τ 0.6 fm/c"
    slider.focus()
    page.keyboard.press("End")
    assert clock.inner_text() == "time τ 12 fm/c"
    page.keyboard.press("Home")
    one.get_by_role("button", name="Play the movie").click()
    page.wait_for_function("([clock]) => clock.value !== 'time τ 0.6 fm/c'", arg=[clock.element_handle()])
    one.get_by_role("button", name="Pause the movie").click()
    held = clock.inner_text()
    page.wait_for_timeout(500)
    assert clock.inner_text() == held
    slider.focus()
    page.keyboard.press("Home")


def test_a_table_sorts_by_number_and_copies_itself(page: Any):
    table = page.get_by_role("table", name="Numbers")
    head = table.get_by_role("columnheader", name="ΔS (nat)")

    def order() -> list[str]:
        return table.locator("tbody tr td:nth-child(2)").all_inner_texts()

    given = order()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert order() == ["−0.0310(45)", "1.23(45)e−07", "0.5023(12)"]
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert order() == ["0.5023(12)", "1.23(45)e−07", "−0.0310(45)"]
    page.get_by_role("button", name="Copy CSV").click()
    page.wait_for_function("document.querySelector('.jphys-tableframe .jphys-tool').textContent === 'Copied'")
    rows = list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert rows[0] == ["subject", "ΔS (nat)", "copies", MARKUP]
    assert rows[1] == ["full", "0.5023(12)", "1", ""]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None and order() == given


def saved(page: Any, one: Any, kind: str) -> tuple[str, bytes]:
    one.get_by_role("button", name="Save this plot").click()
    with page.expect_download() as coming:
        one.get_by_role("button", name=f"Save as {kind}").click()
    page.keyboard.press("Escape")
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_plots_are_saved_as_svg_png_and_csv(page: Any):
    one = panel(page, "ΔS against window scale")
    name, picture = saved(page, one, "SVG")
    assert name == "ΔS-against-window-scale.svg"
    root = ET.fromstring(picture)
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"window scale s (samples)", "entropy change ΔS (nat)", "measured", MARKUP} <= set(words)
    name, dots = saved(page, one, "PNG")
    assert name.endswith(".png") and dots[:8] == b"\x89PNG\r\n\x1a\n" and len(dots) > 10_000
    _, text = saved(page, one, "CSV")
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    line = every_mark.lines().marks[0]
    measured = [row for row in rows if row["kind"] == "line" and row["series"] == "measured"]
    got = [float(row["entropy change ΔS (nat)"]) for row in measured]
    assert got == pytest.approx(line.y.tolist(), rel=1e-6)
    _, picture = saved(page, panel(page, "Rotation"), "SVG")
    assert b"data:image/png;base64," in picture


def test_what_a_stranger_wrote_stays_text(page: Any):
    assert page.evaluate("window.hacked") is None
    assert page.locator(".jphys-reading img").count() == 0
    reading = page.locator(".jphys-reading")
    assert reading.get_by_text(f"A warning with {MARKUP} in it.").count() == 1
    assert page.get_by_role("button", name=MARKUP).count() >= 2, "a series, and a column of the table"
    assert panel(page, "Order by |ΔS|").locator("svg text", has_text="<img src=x").count() == 1


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_both_themes_are_readable_and_axe_finds_nothing_serious(page: Any, theme: str):
    if not laboratory.AXE.is_file():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("axe-core is not there: npm ci in labextension/")
    laboratory.set_theme(page, theme)
    assert laboratory.serious(page, ".jphys-reading") == []
    laboratory.set_theme(page, "Light")


def test_the_dark_theme_takes_other_inks(page: Any):
    title = "svg text:text-is('entropy change ΔS (nat)')"
    inks = {}
    for theme in ("Dark", "Light"):
        laboratory.set_theme(page, theme)
        inks[theme] = panel(page, "ΔS against window scale").locator(title).get_attribute("fill")
    assert inks == {name.title(): THEMES[name].ink for name in ("dark", "light")}


def test_every_panel_is_photographed_in_both_themes(page: Any):
    laboratory.SCREENS.mkdir(parents=True, exist_ok=True)
    for theme in ("Dark", "Light"):
        laboratory.set_theme(page, theme)
        for index, one in enumerate(page.locator(GROUPS).all()):
            one.screenshot(path=laboratory.SCREENS / f"every_{index}_{theme.lower()}.png")
    assert len(list(laboratory.SCREENS.glob("every_*.png"))) >= 16


# Item 7: the figure on paper and the figure on the page are the same figure.

DRAWN = plots(every_mark.panels())
SPECTRA = [f"{plot.title}, spectrum" for plot in every_mark.space().spectra]
ON_PAGE = [plot.title for plot in DRAWN[: -1 - len(SPECTRA)]] + SPECTRA + [DRAWN[-1].title]


@pytest.mark.parametrize("index", range(len(DRAWN)), ids=ON_PAGE)
def test_paper_and_page_agree(page: Any, index: int):
    """Titles, units, ranges and scales of all axes, the series and their colours, the colour bar."""
    plot = DRAWN[index]
    axes = paper.draw([replace(plot, row="")]).axes[0]
    one = panel(page, ON_PAGE[index])
    for axis in ("x", "y"):
        on_paper = str(getattr(axes, f"get_{axis}label")()).replace("\n", " ")
        assert one.get_attribute(f"data-{axis}-title") == on_paper
        ends = sorted(getattr(axes, f"get_{axis}lim")())
        assert span(one, axis) == pytest.approx(tuple(ends), rel=1e-6, abs=1e-9)
        assert one.get_attribute(f"data-{axis}-scale") == getattr(axes, f"get_{axis}scale")()
    legend = axes.get_legend()
    on_paper = [] if legend is None else [text.get_text() for text in legend.get_texts()]
    entries = one.locator(".jphys-entry")
    assert entries.all_inner_texts() == on_paper
    for entry, line in zip(entries.all(), [] if legend is None else legend.legend_handles, strict=True):
        assert entry.get_attribute("data-color") == ink_of(line)
    bars = [child for child in axes.child_axes if child.get_ylabel()]
    if bars and not plot.row:  # plots of a row share one scale, which each alone does not have
        assert one.get_attribute("data-color-title") == bars[0].get_ylabel().replace("\n", " ")
        assert span(one, "color") == pytest.approx(bars[0].get_ylim(), rel=1e-6)
    settled = plots(settle(every_mark.panels()))[index]
    for mark in (mark for mark in settled.marks if isinstance(mark, Heat)):
        assert span(one, "color") == pytest.approx((mark.color.low, mark.color.high), rel=1e-6)


def ink_of(handle: Any) -> str:
    for name in ("get_color", "get_facecolor"):
        if hasattr(handle, name):
            return to_hex(getattr(handle, name)())
    return to_hex(handle[0].get_color() if hasattr(handle[0], "get_color") else handle[0].get_facecolor())


# Item 3: the explorer of phase space, in a notebook with no kernel


WAVES, SAMPLED = (plot.title for plot in every_mark.space().pictures)
STATUS = ".jphys-explorer .jphys-status"


def brightness(one: Any) -> Any:
    """How much light comes from each of 48 × 48 parts of a map."""
    dots = np.array(one.locator("canvas").evaluate(SMALL), dtype=float).reshape(48, 48, 4)
    return dots[..., :3].sum(-1)


def test_pointing_at_a_place_shows_its_spectrum(page: Any):
    picture, spectrum = panel(page, WAVES), panel(page, f"{WAVES}, spectrum")
    for across, wave in ((0.25, -0.28125), (0.75, 0.28125)):
        page.mouse.move(*at(picture, across, 0.5))
        page.wait_for_timeout(100)
        light = brightness(spectrum)
        row, column = np.unravel_index(light.argmax(), light.shape)
        band = 1 / 16  # of the coarse block
        assert -0.5 + (column + 0.5) / 48 == pytest.approx(wave, abs=band)
        assert 0.5 - (row + 0.5) / 48 == pytest.approx(0.0625, abs=2 * band)
        said = page.locator(STATUS).inner_text()
        sign = "−" if wave < 0 else ""
        assert f"Strongest at (frequency ν₁, frequency ν₀): {WAVES} ({sign}0.2813, 0.0625); " in said
    page.mouse.move(2, 2)
    page.wait_for_timeout(100)
    assert "Spectra at column 18, row 18 samples" in page.locator(STATUS).inner_text()


def test_pointing_at_a_frequency_shows_where_it_lives_and_leaving_brings_the_picture_back(page: Any):
    picture, spectrum = panel(page, WAVES), panel(page, f"{WAVES}, spectrum")
    before = brightness(picture)
    left = slice(0, 24), slice(24, 48)
    for across, (lit, dark) in ((0.78, left[::-1]), (0.22, left)):
        page.mouse.move(*at(spectrum, across, 0.44))
        page.wait_for_timeout(150)
        light = brightness(picture)
        assert light[:, lit].mean() > 2 * light[:, dark].mean()
        assert picture.get_attribute("data-color-title") == "energy share"
        assert picture.locator(".jphys-pin").is_visible() and spectrum.locator(".jphys-tip").is_visible()
    both = brightness(panel(page, SAMPLED))
    assert both[:, :24].mean() == pytest.approx(both[:, 24:].mean(), rel=0.05), "sampling copies it to everywhere"
    page.mouse.move(2, 2)
    page.wait_for_timeout(150)
    assert picture.get_attribute("data-color-title") == "field"
    assert np.array_equal(brightness(picture), before)


def test_a_click_keeps_the_place(page: Any):
    picture = panel(page, WAVES)
    page.mouse.click(*at(picture, 0.75, 0.25))
    page.mouse.move(2, 2)
    page.wait_for_timeout(100)
    assert "Spectra at column 48, row 16 samples" in page.locator(STATUS).inner_text()
    page.mouse.click(*at(picture, 18.5 / 64, 18.5 / 64))


def test_stages_blink_in_one_place_and_stop(page: Any):
    shown = page.locator(".jphys-explorer")
    shown.scroll_into_view_if_needed()
    blink, beside = (shown.get_by_role("button", name=name, exact=True) for name in ("blink", "side by side"))
    assert beside.get_attribute("aria-pressed") == "true" and shown.locator(".jphys-plot").count() == 4
    blink.click()
    assert blink.get_attribute("aria-pressed") == "true" and shown.locator(".jphys-plot").count() == 2
    for name in (SAMPLED, WAVES, SAMPLED):
        shown.locator(f'.jphys-plot[data-panel="{name}"]').wait_for()
    shown.get_by_role("button", name="Stop blinking").click()
    held = shown.locator(".jphys-plot").first.get_attribute("data-panel")
    page.wait_for_timeout(1600)
    assert shown.locator(".jphys-plot").first.get_attribute("data-panel") == held
    shown.get_by_role("button", name=WAVES, exact=True).click()
    assert shown.locator(".jphys-plot").first.get_attribute("data-panel") == WAVES
    page.mouse.move(*at(panel(page, f"{WAVES}, spectrum"), 0.78, 0.44))
    page.wait_for_timeout(150)
    assert panel(page, WAVES).get_attribute("data-color-title") == "energy share"
    for theme in ("Dark", "Light"):
        laboratory.set_theme(page, theme)
        page.mouse.move(*at(panel(page, f"{WAVES}, spectrum"), 0.78, 0.44))
        page.wait_for_timeout(150)
        shown.screenshot(path=laboratory.SCREENS / f"explorer_blink_{theme.lower()}.png")
    beside.click()
    assert shown.locator(".jphys-plot").count() == 4


def test_the_explorer_needs_no_mouse(page: Any):
    shown, picture = page.locator(".jphys-explorer"), panel(page, WAVES)
    live = shown.locator("> [aria-live=polite]")
    picture.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    assert "Spectra at column 32, row 32 samples" in live.text_content()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    assert "column 33" in live.text_content()
    panel(page, f"{WAVES}, spectrum").get_by_role("application").focus()
    page.keyboard.press("ArrowUp")
    assert live.text_content().startswith("Where frequency ν₁ 0.03125, frequency ν₀ 0.0625 cycles/sample lives.")
    page.keyboard.press("Escape")
    assert "Spectra at column 32, row 32 samples" in page.locator(STATUS).inner_text()
    shown.get_by_role("button", name="blink", exact=True).focus()
    page.keyboard.press("Enter")
    assert shown.locator(".jphys-plot").count() == 2
    assert page.evaluate("document.activeElement.textContent") == "blink", "the focus stays"
    shown.get_by_role("button", name="side by side", exact=True).focus()
    page.keyboard.press("Space")
    assert shown.locator(".jphys-plot").count() == 4


def test_every_chart_of_the_explorer_is_saved_as_it_is_shown(page: Any):
    one = panel(page, f"{WAVES}, spectrum")
    name, text = saved(page, one, "CSV")
    assert name == "Two-waves-two-waves-spectrum.csv"
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert len(rows) == 128 and "energy share" in rows[0]
    _, picture = saved(page, panel(page, SAMPLED), "SVG")
    assert b"data:image/png;base64," in picture and b"&lt;img" in picture


ASKED = """async ([code, payload]) => {
  const { paint } = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const waiting = window.waiting = [];
  const ask = question => new Promise((done, fail) => waiting.push({ question, done, fail }));
  window.painted = paint(document.getElementById('host'), payload, {}, ask);
  window.answer = (index, level, rows) => {
    const buffer = new Float32Array(2 * rows * rows).fill(1e-6);
    buffer[Math.round(level * rows) * rows + rows / 2] = buffer[rows * rows] = 0.5;
    const ends = [-0.5, 0.5 - 1 / rows];
    waiting[index].done({ values: { dtype: 'f4', shape: [2, rows, rows], buffer }, x: ends, y: ends });
  };
}"""


@pytest.fixture
def asking(chromium: Any, errors: list[str]) -> Iterator[Any]:
    """The painter on a bare page, with a kernel that answers when the test wants."""
    if not shutil.which("npx"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the painter alone is not tested: Node.js is not there")
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    css = (laboratory.ROOT / "labextension" / "style" / "index.css").read_text()
    page.goto("about:blank")
    page.set_content(f"<style>{css}</style><body style='background:#fff'><div id=host style='width:900px'></div>")
    page.evaluate(ASKED, [bench.painter(), payload("t", [every_mark.space()], [], instrument="probe")])
    page.locator(".jphys-plot canvas[data-with]").nth(3).wait_for(state="attached")
    yield page
    page.evaluate("painted.dispose()")
    page.context.close()
    assert errors == []


def point_at(page: Any, title: str, across: float, down: float) -> None:
    page.mouse.move(*at(panel(page, title), across, down))
    page.wait_for_timeout(80)


def test_a_kernel_sharpens_what_is_pointed_at_and_the_last_question_wins(asking: Any):
    page, spectrum = asking, panel(asking, f"{WAVES}, spectrum")
    questions = "() => waiting.map(it => it.question)"
    assert page.evaluate(questions) == [], "the first place is known in full"
    point_at(page, WAVES, 10.5 / 64, 20.5 / 64)
    coarse = brightness(spectrum)
    point_at(page, WAVES, 20.5 / 64, 20.5 / 64)
    point_at(page, WAVES, 30.5 / 64, 40.5 / 64)
    assert page.evaluate(questions) == [{"panel": "Two waves", "place": [20, 10]}], "one at a time"
    page.evaluate("answer(0, 0.1, 48)")
    page.wait_for_timeout(80)
    assert page.evaluate(questions)[1:] == [{"panel": "Two waves", "place": [40, 30]}], "of the others the last"
    assert np.array_equal(brightness(spectrum), coarse), "an answer that nobody waits for any more is not shown"
    page.evaluate("answer(1, 0.25, 48)")
    page.wait_for_timeout(80)
    light = brightness(spectrum)
    assert np.unravel_index(light.argmax(), light.shape) == pytest.approx((47 - 12, 24), abs=1), "row 12 from below"
    assert (light > np.median(light) + 30).sum() <= 4, "one cell of 48 × 48"
    assert f"{WAVES} (0, −0.25)" in page.locator(STATUS).inner_text()
    point_at(page, f"{WAVES}, spectrum", 0.78, 0.44)
    assert page.evaluate(questions)[-1]["frequency"] == pytest.approx([0.0625, 0.28125])
    page.evaluate("waiting.at(-1).fail(new Error('the kernel is gone'))")
    page.wait_for_timeout(80)
    light = brightness(panel(page, WAVES))
    assert light[:, 24:].mean() > 2 * light[:, :24].mean(), "what is stored stays"
    point_at(page, WAVES, 0.9, 0.9)
    page.evaluate("waiting.at(-1).done({values: 'nonsense'})")
    page.wait_for_timeout(80)


def test_who_asked_for_less_motion_sees_a_standing_picture(lab: laboratory.Lab, chromium: Any, opened: Any):
    page = laboratory.new_page(chromium, [], reduced_motion="reduce")
    lab.open(page, "every.ipynb")
    shown = page.locator(".jphys-explorer")
    shown.get_by_role("button", name="blink", exact=True).click()
    assert shown.get_by_role("button", name="Go on blinking").is_visible()
    page.wait_for_timeout(1000)
    assert shown.locator(".jphys-plot").first.get_attribute("data-panel") == WAVES
    page.context.close()


# Other notebooks, other pages


def numbers_of(page: Any, shift: float = 0.5) -> None:
    """Another measurement arrives in the same output, as a re-run cell brings it."""
    page.evaluate(
        """([type, data]) => {
          const cell = window.jupyterapp.shell.currentWidget.content.widgets[0];
          cell.model.outputs.get(0).setData({ data: { [type]: data }, metadata: {} });
        }""",
        [laboratory.READING, every_mark.reading(shift=shift)],
    )


def test_new_numbers_keep_the_view_and_a_narrow_or_sharp_page_is_drawn_anew(
    lab: laboratory.Lab, chromium: Any, errors: list[str]
):
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "every.ipynb")
    one = panel(page, "before")
    whole = span(one, "x")
    drag(page, one, (0.25, 0.25), (0.5, 0.5))
    zoomed = wait_for_span(one, "x", whole)
    numbers_of(page)
    page.wait_for_timeout(300)
    assert span(panel(page, "before"), "x") == zoomed
    page.mouse.move(*at(one, 0.5, 0.5))
    tip = one.locator(".jphys-tip")
    tip.wait_for(state="visible")
    shown = float(re.search(r"([\d.]+) T", tip.inner_text())[1])  # type: ignore[index]
    assert shown > 0.5
    sharp_and_narrow(page)
    page.context.close()
    assert errors == []


def test_new_numbers_leave_pointer_cursor_and_pinned_place_where_they_are(
    lab: laboratory.Lab, chromium: Any, errors: list[str]
):
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "every.ipynb")
    page.mouse.click(*at(panel(page, WAVES), 0.75, 0.25))
    page.mouse.move(2, 2)
    one = panel(page, "before")
    one.get_by_role("application").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    said = one.locator("[aria-live=polite]")
    places = [column_of(said)]
    numbers_of(page)
    page.wait_for_timeout(400)
    page.keyboard.press("ArrowRight")
    places.append(column_of(said))
    assert places[1] == places[0] + 1, "the cursor goes on where it was"
    page.keyboard.press("Escape")
    page.mouse.move(*at(one, 0.3, 0.5))
    tip = one.locator(".jphys-tip")
    tip.wait_for(state="visible")
    before = tip.inner_text()
    numbers_of(page, shift=0.25)
    page.wait_for_timeout(400)
    assert tip.inner_text() != before, "the hand did not move, the number did"
    assert "Spectra at column 48, row 16 samples" in page.locator(STATUS).inner_text()
    page.context.close()
    assert errors == []


def column_of(said: Any) -> int:
    return int(re.search(r"column (\d+)", said.inner_text() or said.text_content())[1])  # type: ignore[index]


def test_a_tap_reads_and_keeps_the_place(lab: laboratory.Lab, chromium: Any, errors: list[str]):
    errors.clear()
    page = laboratory.new_page(chromium, errors, has_touch=True)
    lab.open(page, "every.ipynb")
    page.touchscreen.tap(*at(panel(page, WAVES), 48.5 / 64, 16.5 / 64))
    page.locator(STATUS).filter(has_text="Spectra at column 48, row 16 samples").wait_for()
    assert panel(page, WAVES).locator(".jphys-tip").is_visible()
    page.context.close()
    assert errors == []


def sharp_and_narrow(page: Any) -> None:
    screen = page.context.new_cdp_session(page)
    look = {"width": 700, "height": 900, "deviceScaleFactor": 2, "mobile": False}
    screen.send("Emulation.setDeviceMetricsOverride", look)
    page.wait_for_timeout(800)
    one = panel(page, "before")
    box = frame(one)
    assert one.locator("canvas").evaluate("it => it.width") == pytest.approx(2 * box["width"], abs=2)
    reading = page.locator(".jphys-reading").evaluate("it => [it.scrollWidth, it.clientWidth]")
    assert reading[0] <= reading[1] + 1, "nothing sticks out of a narrow page"
    tops = [frame(panel(page, title))["x"] for title in ("before", "after")]
    assert tops[1] >= tops[0]


def test_a_million_points_thin_themselves_and_say_so(lab: laboratory.Lab, chromium: Any, errors: list[str]):
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "every.ipynb")
    page.evaluate(
        """([type, data]) => {
          const plot = data.panels.find(panel => panel.title === 'Mass residuals');
          for (const name of ['x', 'y']) {
            const buffer = Float32Array.from({ length: 1e6 }, () => name === 'x' ? 150 * Math.random() : Math.random());
            Object.assign(plot.marks[0], { [name]: { dtype: 'f4', shape: [1e6], buffer }, names: null });
          }
          const cell = window.jupyterapp.shell.currentWidget.content.widgets[0];
          const found = cell.outputArea.widgets[0].widgets.map(it => it.renderer ?? it).find(it => it.renderModel);
          return found.renderModel({ data: { [type]: data }, metadata: {}, trusted: false });
        }""",
        [laboratory.READING, every_mark.reading()],
    )
    caption = panel(page, "Mass residuals").locator(".jphys-caption")
    caption.get_by_text("points in view, thinned to").wait_for()
    page.context.close()
    assert errors == []


def test_a_measured_reading_opens_without_kernel(lab: laboratory.Lab, chromium: Any, errors: list[str]):
    reading = jp.entropy(kind="mri", signal=shepp_logan_phantom()[::4, ::4], draws=1, curve=3, pictures=2)
    lab.write("mri.ipynb", {laboratory.READING: reading._repr_mimebundle_()[laboratory.READING]})
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "mri.ipynb")
    shown = page.locator(".jphys-reading")
    assert shown.get_attribute("data-instrument") == "entropy"
    assert "Phase-space entropy" in shown.get_attribute("aria-label")
    assert page.locator(".jphys-plot").count() == len(plots(reading.panels()))
    for theme in ("Dark", "Light"):
        laboratory.set_theme(page, theme)
        rows = page.locator(GROUPS).all()
        for index, one in enumerate(rows):
            one.screenshot(path=laboratory.SCREENS / f"mri_{index}_{theme.lower()}.png")
    page.context.close()
    assert errors == []


def spoiled() -> dict[str, Any]:
    """A reading whose panels are broken, each in another way, and one that is whole."""
    data = every_mark.reading()
    panels = {panel["title"]: panel for panel in data["panels"]}
    panels["Rotation"]["marks"][0]["values"]["shape"] = [50, 81]
    panels["Confusion"]["marks"][0]["values"]["b64"] = "%%%"
    panels["Fireball"]["marks"][0]["time"] = [1, 2]
    panels["Mass residuals"]["x"]["high"] = "far"
    panels["Numbers"]["rows"][0] = ["too short"]
    panels["before"]["type"] = "hologram"
    panels["Two waves"]["spectra"].pop()
    return data


def test_a_broken_reading_says_what_is_wrong_and_shows_the_rest(lab: laboratory.Lab, chromium: Any, errors: list[str]):
    bad: dict[str, Any] = {laboratory.READING: {"schema": 9}, "text/plain": "the numbers as text"}
    lab.write("spoiled.ipynb", {laboratory.READING: spoiled()}, bad)
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "spoiled.ipynb")
    said = " ".join(page.locator(".jphys-unknown").all_inner_texts())
    for words in (
        "8000 bytes where its shape wants 8100", "is not base64", "20 frames and 2 times", "not a finite number",
        "a row that is not 4 cells long", "does not know such panels", "1 spectra and 2 stages",
    ):  # fmt: skip
        assert words in said
    assert page.locator(".jphys-plot").count() == len(DRAWN) - 5 - 4
    page.locator(".jp-Notebook .jp-Cell").last.scroll_into_view_if_needed()
    page.get_by_text("It has schema 9, this page knows 1").wait_for()
    assert page.locator("pre.jphys-text", has_text="the numbers as text").count() == 1
    page.context.close()
    assert errors == []


def test_what_painters_stumble_over_is_drawn_read_and_zoomed(lab: laboratory.Lab, chromium: Any, errors: list[str]):
    data = payload("Hard", every_mark.hard(), [], instrument="probe")
    lab.write("hard.ipynb", {laboratory.READING: data})
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    lab.open(page, "hard.ipynb")
    for stage in page.get_by_role("application").all():
        stage.scroll_into_view_if_needed()
        stage.hover()
        stage.focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowUp", "End", "Home", "+", "Shift+ArrowLeft", "-", "0", "Escape"):
            page.keyboard.press(key)
    assert page.locator(".jphys-unknown, .jphys-plot[data-failed]").count() == 0
    assert page.locator(".jphys-reading").evaluate("it => it.scrollWidth - it.clientWidth") <= 1
    page.context.close()
    assert errors == []


CARD = """() => {
  const known = WebGL2RenderingContext.prototype.getParameter;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    return name === 0x9246 || name === 0x1F01 ? 'a graphics card' : known.call(this, name);
  };
}"""


def test_webgl_and_canvas_2d_give_the_same_picture(lab: laboratory.Lab, opened: Any, chromium: Any, errors: list[str]):
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    page.add_init_script(f"({CARD})()")
    lab.open(page, "every.ipynb")
    for title in ("after", "Rotation", "Confusion", "Fireball"):
        ours, other = (panel(it, title).locator("canvas") for it in (page, opened))
        if ours.get_attribute("data-with") == "2d":
            pytest.skip("this browser has no WebGL2")
        assert (ours.get_attribute("data-with"), other.get_attribute("data-with")) == ("webgl", "2d")
        here, there = (np.array(it.evaluate(SMALL), dtype=float) for it in (ours, other))
        # edges of cells may fall on either side of a dot
        assert np.mean(np.abs(here - there)) < 2
    page.context.close()
    assert errors == []


def test_closing_the_notebook_gives_everything_back(lab: laboratory.Lab, chromium: Any, errors: list[str]):
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    page.add_init_script(f"({CARD})()")
    lab.open(page, "every.ipynb")
    held = "() => document.querySelectorAll('.jphys-stage').length"
    assert page.evaluate(held) > 0
    page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")
    page.wait_for_function(f"({held})() === 0")
    set_later = "name => { void window.jupyterapp.commands.execute('apputils:change-theme', {theme: name}); }"
    page.evaluate(set_later, "JupyterLab Dark")
    page.wait_for_timeout(500)
    page.context.close()
    assert errors == []


def test_both_painters_know_the_same_colours():
    source = (laboratory.ROOT / "labextension" / "src" / "draw" / "theme.ts").read_text()
    for name, theme in THEMES.items():
        block = source[source.index(f"export const {name.upper()}") :].split("};")[0]
        for key in ("paper", "ink", "faint", "rule", "grid", "missing", "hatch"):
            assert f"{key}: '{getattr(theme, key)}'" in block
        for key in ("series", "diverging"):
            colors = re.search(rf"{key}: \[([^\]]*)\]", block)
            assert colors and re.findall(r"#\w+", colors[1]) == list(getattr(theme, key))
        quiet = re.search(r"quiet: \[(.*)\]", block)
        assert quiet and re.findall(r"'(#\w+)', ([\d.]+)", quiet[1]) == [(c, f"{a:g}") for c, a in theme.quiet]
