"""Live sliders in real JupyterLab and Chromium, with a real kernel."""

from __future__ import annotations

import json
import os
from typing import Any

import lab as laboratory
import nbformat
import pytest

pytestmark = pytest.mark.xdist_group("browser")

START = """%load_ext jupyter_phys
%config JupyterPhys.progress = False
import jupyter_phys as jp, numpy as np, torch, threading, time, gc, os, psutil, ipywidgets
field = np.random.default_rng(0).normal(size=(64, 64))
mask = np.zeros((64, 64)); mask[::2, ::2] = 1
class Slow:
    "An acquisition that takes its time and counts how often it runs at once."
    now = most = calls = 0
    def __call__(self, x):
        Slow.calls += 1; Slow.now += 1; Slow.most = max(Slow.most, Slow.now)
        time.sleep(0.05)
        Slow.now -= 1
        return x * 0.5
slow = Slow()"""
OUTPUTS = "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
SET = "(it, value) => { it.value = value; it.dispatchEvent(new Event('input', { bubbles: true })); }"
BURST = f"(it, values) => values.forEach(value => ({SET})(it, value))"
DRAGS = f"""async (it, values) => {{
  for (const value of values) {{
    ({SET})(it, value);
    await new Promise(done => requestAnimationFrame(done));
  }}
}}"""


def live(page: Any) -> Any:
    found = page.locator(".jphys-live")
    found.locator(".jphys-control").first.wait_for(timeout=30_000)
    found.locator(".jphys-plot, .jphys-tableframe").first.wait_for()
    return found


def slider(sliders: Any, name: str) -> Any:
    return sliders.locator(f"[data-setting={name}] input[type=range]")


def settled(sliders: Any, title: str = "") -> str:
    """The title above the numbers, once the sliders rest on a measurement and no draft."""
    sliders.page.wait_for_function(
        """([it, title]) => it.dataset.state === 'idle' && it.dataset.draft === 'false'
             && it.querySelector('.jphys-host .jphys-title').textContent.includes(title)""",
        arg=[sliders.element_handle(), title], timeout=30_000,
    )  # fmt: skip
    return sliders.locator(".jphys-host .jphys-title").inner_text()


def add_cell(page: Any, source: str) -> None:
    """Write a cell at the end."""
    page.evaluate(
        """source => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.model.sharedModel.insertCell(content.widgets.length, { cell_type: 'code', source });
        }""",
        source,
    )


def ask(lab: laboratory.Lab, page: Any, expression: str) -> Any:
    """The value of an expression in the kernel, by a last cell."""
    add_cell(page, f"import json; print(json.dumps({expression}))")
    index = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length - 1")
    lab.run_cell(page, index)
    outputs = page.evaluate(
        "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()", index
    )
    assert outputs and "text" in outputs[0], outputs
    return json.loads("".join(outputs[0]["text"]))


def test_a_slider_changes_number_and_picture(lab: laboratory.Lab, page: Any):
    lab.run(page, "slide.ipynb", START, "%entropy mask signal=field curve=2 -i")
    sliders = live(page)
    assert settled(sliders).endswith("window scale 4 samples")
    assert page.locator(".jphys-output .jphys-title").count() == 1, "the reading stands beside the sliders"
    before = sliders.get_by_role("table").locator("tbody").inner_text()
    picture = sliders.locator("canvas[data-with='2d']").last.evaluate("it => it.toDataURL()")
    slider(sliders, "scale").focus()
    page.keyboard.press("End")
    assert settled(sliders, "5.09").endswith("window scale 5.09 samples")
    assert sliders.get_by_role("table").locator("tbody").inner_text() != before
    assert sliders.locator("canvas[data-with='2d']").last.evaluate("it => it.toDataURL()") != picture
    assert sliders.locator("[data-setting=scale] .jphys-box").input_value() == "5.09"
    sliders.locator("[data-setting=hop] .jphys-box").fill("7")
    page.keyboard.press("Enter")
    sliders.get_by_text("The grid does not fit the field").wait_for()
    assert sliders.get_attribute("data-state") == "error"
    assert "numbers below are those of the last settings" in sliders.locator(".jphys-status").first.inner_text()
    sliders.locator("[data-setting=hop] .jphys-box").fill("")
    page.keyboard.press("Enter")
    settled(sliders)
    for typed, told in (("50", "Allowed: 2 … 5.09"), ("3,5", "Type “3.5”, or “3, 5” for 2 numbers.")):
        sliders.locator("[data-setting=scale] .jphys-box").fill(typed)
        page.keyboard.press("Enter")
        sliders.locator("[data-setting=scale] [role=alert]").filter(has_text=told).wait_for()
    slider(sliders, "scale").evaluate(SET, "0")
    assert settled(sliders, "window scale 2 ")


def test_the_page_grows_with_no_picture(lab: laboratory.Lab, page: Any):
    lab.run(page, "wide.ipynb", START, "%entropy [mask, mask[:, ::-1], mask.T] signal=field curve=2 -i")
    sliders = live(page)
    settled(sliders)
    width = page.locator(".jphys-live").bounding_box()["width"]
    for kind, place in (("image", "300"), ("mri", "100"), ("image", "0")):
        sliders.locator("[data-setting=kind] select").select_option(label=kind)
        slider(sliders, "scale").evaluate(SET, place)
        page.wait_for_timeout(300)
        settled(sliders, "k-space" if kind == "mri" else "pixels")
        assert page.locator(".jphys-live").bounding_box()["width"] == width
        wide = "() => [...document.querySelectorAll('.jp-OutputArea-child')].map(it => it.scrollWidth - it.clientWidth)"
        assert max(page.evaluate(wide)) <= 0, "nothing is cut"


def test_ten_fast_drags_end_at_the_last_value_one_at_a_time(lab: laboratory.Lab, page: Any):
    lab.run(page, "drags.ipynb", START, "%entropy slow signal=field pictures=0 curve=0 -i")
    sliders = live(page)
    settled(sliders)
    slider(sliders, "scale").evaluate(DRAGS, [40 * i for i in range(1, 11)])
    assert settled(sliders, "5.09")
    calls = ask(lab, page, "Slow.calls")
    slider(sliders, "scale").evaluate(BURST, [400 - 40 * i for i in range(1, 11)])
    assert settled(sliders, "window scale 2 ")
    # of ten at once the first and the last are measured: a draft and a measurement each, if it comes to that
    assert ask(lab, page, "Slow.calls") - calls <= 4
    assert ask(lab, page, "Slow.most") == 1, "never two at once"
    line = sliders.page.evaluate("() => document.querySelectorAll('.jphys-live').length")
    assert line == 1


def test_cancel_stops_and_the_last_numbers_stay(lab: laboratory.Lab, page: Any):
    lab.run(page, "cancel.ipynb", START, "%entropy slow signal=np.stack([field]*40) pictures=0 curve=0 -i")
    sliders = live(page)
    title = settled(sliders)
    slider(sliders, "scale").evaluate(SET, "400")
    sliders.get_by_role("button", name="Cancel").click()
    sliders.get_by_text("cancelled").wait_for()
    assert settled(sliders) == title
    calls = ask(lab, page, "Slow.calls")
    page.wait_for_timeout(400)
    assert ask(lab, page, "Slow.calls") == calls
    slider(sliders, "scale").evaluate(SET, "0")
    assert settled(sliders, "window scale 2 ")


def test_cells_go_first_and_their_random_numbers_are_their_own(lab: laboratory.Lab, page: Any):
    cell = (
        "torch.manual_seed(0)\nseen = []\nfor _ in range(60):\n    seen.append(torch.rand(1).item()); time.sleep(0.02)"
    )
    lab.run(page, "first.ipynb", START, "%entropy slow signal=field pictures=0 curve=0 -i")
    sliders = live(page)
    settled(sliders)
    add_cell(page, cell)
    lab.start_cell(page, 2)
    page.wait_for_timeout(200)
    slider(sliders, "scale").evaluate(SET, "400")
    assert settled(sliders, "5.09")
    alone = "(torch.manual_seed(0), [torch.rand(1).item() for _ in range(60)])[1] == seen"
    assert ask(lab, page, alone) is True


def test_closing_gives_everything_back_and_nothing_of_it_is_saved(lab: laboratory.Lab, page: Any):
    lab.run(page, "close.ipynb", START, "%entropy mask signal=field curve=0 -i")
    sliders = live(page)
    settled(sliders)
    held = "[sum('live' in one.name for one in threading.enumerate()), len(ipywidgets.widgets.widget._instances)]"
    assert ask(lab, page, held)[0] == 2
    saved(page)
    notebook = nbformat.read(lab.root / "close.ipynb", 4)
    assert "widgets" not in notebook.metadata
    sliders.get_by_role("button", name="Close").click()
    sliders.wait_for(state="detached")
    threads, widgets = ask(lab, page, held)
    assert threads == 0 and widgets == 0
    assert page.locator(".jphys-output .jphys-plot").count() > 0, "the reading stays"


def test_a_saved_notebook_without_kernel_keeps_the_reading_and_one_sentence(
    lab: laboratory.Lab, page: Any, chromium: Any
):
    lab.run(page, "kept.ipynb", START, "%entropy mask signal=field curve=0 -i")
    settled(live(page))
    saved(page)
    notebook = nbformat.read(lab.root / "kept.ipynb", 4)
    notebook.metadata = {"kernelspec": {"name": "gone", "display_name": "gone", "language": "none"}}
    nbformat.write(notebook, lab.root / "again.ipynb")
    errors: list[str] = []
    other = laboratory.new_page(chromium, errors)
    lab.open(other, "again.ipynb")
    other.get_by_text("These live sliders are closed").wait_for()
    assert other.locator(".jphys-live").count() == 0 and other.get_by_text("Loading widget").count() == 0
    chart = other.locator(".jphys-explorer .jphys-plot").first
    chart.scroll_into_view_if_needed()
    chart.get_by_role("application").focus()
    other.keyboard.press("ArrowRight")
    assert "magnitude" in chart.locator("[aria-live=polite]").text_content()
    other.context.close()
    assert errors == []


def saved(page: Any) -> None:
    page.evaluate("() => { void window.jupyterapp.commands.execute('docmanager:save'); }")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")


@pytest.mark.parametrize("end", ["session.kernel.restart()", "shutdown()"], ids=["restarted", "dead"])
def test_the_end_of_a_kernel_is_told_clearly(lab: laboratory.Lab, page: Any, end: str):
    lab.run(page, "end.ipynb", START, "%entropy mask signal=field pictures=0 curve=0 -i")
    sliders = live(page)
    settled(sliders)
    page.evaluate(f"() => {{ void window.jupyterapp.shell.currentWidget.sessionContext.{end}; }}")
    sliders.get_by_text("Run the cell again").wait_for(timeout=30_000)
    assert sliders.get_attribute("data-state") == "gone"
    assert slider(sliders, "scale").is_disabled()


def test_an_interrupt_stops_the_cell_and_the_sliders_go_on(lab: laboratory.Lab, page: Any):
    lab.run(page, "interrupt.ipynb", START, "%entropy slow signal=field pictures=0 curve=0 -i")
    sliders = live(page)
    settled(sliders)
    add_cell(page, "print('it', 'runs', flush=True); time.sleep(100)")
    lab.start_cell(page, 2)
    page.locator(".jp-OutputArea-output").get_by_text("it runs").wait_for()
    slider(sliders, "scale").evaluate(SET, "400")
    sliders.get_by_text("waits for the running cell").wait_for()
    interrupt(page)
    assert settled(sliders, "5.09")
    slider(sliders, "scale").evaluate(SET, "0")  # and one that comes while the sliders alone compute
    interrupt(page)
    assert settled(sliders, "window scale 2 ")
    assert ask(lab, page, "jp.last().complete") is True


def interrupt(page: Any) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")


def test_two_views_of_one_widget_show_the_same(lab: laboratory.Lab, page: Any):
    lab.run(page, "views.ipynb", START, "%entropy mask signal=field pictures=0 curve=0 -i")
    settled(live(page))
    page.evaluate("""() => {
      const { content } = window.jupyterapp.shell.currentWidget;
      content.activeCellIndex = 1;
      void window.jupyterapp.commands.execute('notebook:create-output-view');
    }""")
    page.locator(".jphys-live").nth(1).locator(".jphys-control").first.wait_for(timeout=30_000)
    one, other = page.locator(".jphys-live").all()
    for moved, place, title in ((one, "400", "5.09"), (other, "0", "window scale 2 ")):
        slider(moved, "scale").evaluate(SET, place)
        assert settled(one, title) == settled(other, title)
        boxes = [view.locator("[data-setting=scale] .jphys-box").input_value() for view in (one, other)]
        assert boxes[0] == boxes[1]


def test_recomputing_takes_no_more_and_more_memory(lab: laboratory.Lab, page: Any):
    lab.run(page, "memory.ipynb", START, "%entropy mask[:32,:32] signal=field[:32,:32] curve=0 -i")
    sliders = live(page)
    settled(sliders)
    size = "(gc.collect(), psutil.Process().memory_info().rss / 2**20)[1]"
    for count in range(1, 51):  # a draft and a measurement each time
        moved(sliders, count)
    before = ask(lab, page, size)
    for count in range(51, 201):
        moved(sliders, count)
    assert ask(lab, page, size) - before < 20


def moved(sliders: Any, count: int) -> None:
    number = int(sliders.get_attribute("data-number"))
    slider(sliders, "scale").evaluate(SET, str(100 + count % 2 * 100 + count % 7))
    sliders.page.wait_for_function(
        "([it, number]) => Number(it.dataset.number) > number && it.dataset.state === 'idle'",
        arg=[sliders.element_handle(), number],
    )


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_serious_and_it_is_photographed(lab: laboratory.Lab, page: Any, theme: str):
    if not laboratory.AXE.is_file():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("axe-core is not there: npm ci in labextension/")
    lab.run(page, f"axe{theme}.ipynb", START, "%entropy polynomial signal=camera p=4 curve=3 -i")
    sliders = live(page)
    settled(sliders)
    laboratory.set_theme(page, theme)
    assert laboratory.serious(page, ".jphys-live") == []
    laboratory.SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=laboratory.SCREENS / f"live_{theme.lower()}.png")
