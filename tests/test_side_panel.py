"""The panel at the left: real JupyterLab, real Chromium, a real kernel. It writes lines, and runs nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import every_mark
import lab as laboratory
import nbformat
import pytest

pytestmark = pytest.mark.xdist_group("browser")

MARKUP = "<img src=x onerror=alert(1)>"
NAMES = f"""import numpy as np, torch, time
mask = np.random.default_rng(0).random((32, 32)) < 0.3
net = torch.nn.Linear(8, 4)
wave = torch.zeros(64, dtype=torch.float64)
odd = type({MARKUP!r}, (torch.nn.Module,), {{}})()
block = torch.zeros(2, 2, 2, 2, 2)
text = "no subject"
"""
LOAD = "%load_ext jupyter_phys"
COUNT = """() => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  window.asked = 0;
  kernel.anyMessage.connect((_, { direction, msg }) => {
    window.asked += direction === 'send' && msg.header.msg_type.startsWith('comm_');
  });
}"""
KEEP = """([index, line]) => {
  const from = window.jupyterapp.shell.currentWidget.content.widgets[index].node.querySelector('.jp-Cell-outputArea');
  const event = new CustomEvent('jupyter-phys:keep', { bubbles: true, cancelable: true, detail: { line } });
  return [from.dispatchEvent(event), document.dispatchEvent(new CustomEvent(event.type, { detail: null }))];
}"""


@pytest.fixture(scope="module")
def errors() -> list[str]:
    return []


@pytest.fixture(scope="module")
def opened(lab: laboratory.Lab, chromium: Any, errors: list[str]) -> Iterator[Any]:
    """A notebook that has loaded the instruments, with the panel open beside it."""
    page = laboratory.new_page(chromium, errors)
    lab.run(page, "work.ipynb", NAMES, LOAD)
    show(page)
    row(page, "mask").wait_for()
    yield page
    page.context.close()


@pytest.fixture
def page(opened: Any, errors: list[str]) -> Iterator[Any]:
    errors.clear()
    yield opened
    assert errors == []


@pytest.fixture
def fresh(chromium: Any, errors: list[str]) -> Iterator[Any]:
    """A page of its own."""
    errors.clear()
    page = laboratory.new_page(chromium, errors)
    yield page
    page.context.close()
    assert errors == []


def execute(page: Any, command: str) -> None:
    page.evaluate("name => { void window.jupyterapp.commands.execute(name); }", command)


def show(page: Any) -> None:
    execute(page, "jupyter-phys:open")
    panel(page).wait_for()


def panel(page: Any) -> Any:
    return page.get_by_role("region", name="Physics", exact=True)


def row(page: Any, name: str) -> Any:
    return panel(page).locator(f'[data-section=variables] button[data-name="{name}"]')


def press(page: Any, name: str) -> None:
    panel(page).get_by_role("button", name=name, exact=True).click()


def head(page: Any) -> Any:
    return panel(page).locator(".jphys-side-head").get_by_role("status")


def said(page: Any) -> str:
    return head(page).inner_text()


def wait_until_said(page: Any, words: str) -> None:
    head(page).filter(has_text=words).wait_for(timeout=30_000)


def sources(page: Any) -> list[str]:
    return page.evaluate(
        "() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map(it => it.sharedModel.getSource())"
    )


def active(page: Any) -> int:
    return page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")


def go_to(page: Any, index: int) -> None:
    page.evaluate("index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }", index)


def readings(page: Any) -> Any:
    return panel(page).locator("[data-section=readings] button")


def add_cell(page: Any, source: str) -> int:
    """Write a cell at the end; gives its place."""
    return page.evaluate(
        """source => {
          const { model } = window.jupyterapp.shell.currentWidget.content;
          model.sharedModel.insertCell(model.cells.length, { cell_type: 'code', source });
          return model.cells.length - 1;
        }""",
        source,
    )


def set_box(page: Any, setting: str, value: str) -> None:
    box = panel(page).locator(f"[data-setting={setting}] .jphys-box")
    box.fill(value)
    box.press("Tab")


def in_sight(locator: Any) -> bool:
    box = locator.bounding_box()
    return box["y"] < 900 and box["y"] + box["height"] > 60  # below the menu, above the lower edge


def test_it_lists_what_can_be_measured(page: Any):
    told = {"mask": "mask bool · 32 × 32 · cpu · 1.0 KiB", "net": "network Linear · 36 parameters · cpu · 144 B",
            "wave": "array float64 · 64 · cpu · 512 B"}  # fmt: skip
    for name, facts in told.items():
        assert " ".join(row(page, name).inner_text().split()) == f"{name} {facts}"
    assert row(page, "text").count() == 0 and row(page, "np").count() == 0
    assert panel(page).locator("[data-pick=instrument] option").all_inner_texts() == [
        "%entropy", "%eos collision", "%eos generate", "%eos meter", "%eos predict", "%probe",
    ]  # fmt: skip
    bench = panel(page).locator("[data-section='device and memory']").inner_text()
    assert "cpu · " in bench and "GiB" in bench and "holds" in bench


def test_what_strangers_call_their_things_stays_text(page: Any):
    assert MARKUP in row(page, "odd").inner_text()
    assert panel(page).locator("img").count() == 0


def test_measure_writes_the_line_below_the_active_cell_and_runs_it(page: Any):
    before, count = sources(page), readings(page).count()
    go_to(page, 1)
    row(page, "mask").click()
    assert row(page, "mask").get_attribute("aria-pressed") == "true"
    for setting in ("curve", "pictures"):
        set_box(page, setting, "0")
    line = "%entropy mask curve=0 pictures=0"
    assert panel(page).locator("output").inner_text() == line
    press(page, "Measure")
    readings(page).nth(count).wait_for(timeout=60_000)
    assert sources(page) == [*before[:2], line, *before[2:]]
    assert active(page) == 2
    page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".jphys-reading").wait_for()
    wait_until_said(page, "The kernel is idle.")
    assert panel(page).locator("[data-setting=curve] .jphys-box").input_value() == "0"  # asked anew, set as before


def test_a_variable_that_no_instrument_measures_says_so(page: Any):
    kept = panel(page).locator("output").inner_text()
    row(page, "block").click()
    panel(page).get_by_text("No instrument here measures block.").wait_for()
    assert panel(page).locator("output").inner_text() == kept
    row(page, "mask").click()
    assert panel(page).get_by_text("No instrument here").count() == 0


def test_a_subject_known_by_name_brings_its_settings(page: Any):
    panel(page).locator("select[data-pick=subject]").select_option("polynomial")
    set_box(page, "p", "4")
    assert panel(page).locator("output").inner_text().startswith("%entropy polynomial p=4")
    panel(page).locator("select[data-pick=subject]").select_option("mask")
    assert panel(page).locator("[data-setting=p]").count() == 0
    assert " p=" not in panel(page).locator("output").inner_text()


def test_a_value_that_is_not_allowed_says_so_and_is_not_written(page: Any):
    was = panel(page).locator("output").inner_text()
    set_box(page, "draws", "-3")
    assert "Allowed: 1" in panel(page).locator("[data-setting=draws] [role=alert]").inner_text()
    assert panel(page).locator("output").inner_text() == was
    set_box(page, "draws", "4")


def test_check_writes_and_runs_the_calibration(page: Any):
    count = readings(page).count()
    press(page, "Check")
    assert sources(page)[active(page)] == "%entropy --check"
    readings(page).nth(count).wait_for(timeout=90_000)
    wait_until_said(page, "The kernel is idle.")


def test_a_click_on_a_reading_scrolls_to_it(page: Any):
    assert readings(page).count() > 0
    for index in (readings(page).count() - 1, 0):
        readings(page).nth(index).click()
        found = page.locator(".jphys-output.jphys-found")
        found.wait_for(state="attached")
        assert in_sight(found)
        page.wait_for_function("() => !document.querySelector('.jphys-found')")
    assert "%entropy" in sources(page)[active(page)]


def test_stop_interrupts_the_running_cell(page: Any, lab: laboratory.Lab):
    assert panel(page).get_by_role("button", name="Stop").is_disabled()
    index = add_cell(page, "time.sleep(100)")
    lab.start_cell(page, index)
    wait_until_said(page, "The kernel is busy")
    press(page, "Stop")
    wait_until_said(page, "The kernel is idle.")
    go_to(page, index)
    page.locator(".jp-mod-active .jp-OutputArea").get_by_text("KeyboardInterrupt").first.wait_for()


def test_while_a_cell_runs_or_nobody_looks_it_asks_nothing(page: Any, lab: laboratory.Lab):
    page.evaluate(COUNT)
    index = add_cell(page, "late = np.eye(3)\ntime.sleep(2)")
    lab.start_cell(page, index)
    wait_until_said(page, "The kernel is busy")
    press(page, "Refresh")
    execute(page, "filebrowser:activate")
    panel(page).wait_for(state="hidden")
    show(page)
    assert page.evaluate("() => window.asked") == 0 and row(page, "late").count() == 0
    row(page, "late").wait_for()
    page.wait_for_timeout(800)
    assert page.evaluate("() => window.asked") == 1
    execute(page, "filebrowser:activate")
    lab.run_cell(page, add_cell(page, "later = np.eye(4)"))
    page.wait_for_timeout(800)
    assert page.evaluate("() => window.asked") == 1
    show(page)
    row(page, "later").wait_for()
    assert page.evaluate("() => window.asked") == 2


def test_a_kernel_that_cannot_answer_says_why_and_refresh_asks_again(page: Any, lab: laboratory.Lab):
    broken = "from jupyter_phys.notebook import survey\nbench, survey.bench = survey.bench, lambda: 1 / 0"
    lab.run_cell(page, add_cell(page, broken))
    wait_until_said(page, "could not say what it holds. ZeroDivisionError")
    lab.run_cell(page, add_cell(page, "survey.bench = bench"))
    press(page, "Refresh")
    row(page, "mask").wait_for()


def test_keep_writes_a_line_below_the_cell_of_the_widget_and_does_not_run_it(page: Any, lab: laboratory.Lab):
    index = add_cell(page, "%entropy mask curve=0 pictures=0")
    lab.run_cell(page, index)
    before, line = sources(page), "%entropy mask scale=3"
    done, nobody = page.evaluate(KEEP, [index, line])
    assert not done and nobody  # dispatchEvent gives false where somebody took it
    assert sources(page) == [*before[: index + 1], line, *before[index + 1 :]]
    assert page.locator(".jp-Notebook .jp-CodeCell").nth(index + 1).locator(".jp-OutputArea-output").count() == 0


def test_keep_of_live_sliders_comes_into_a_cell(fresh: Any, lab: laboratory.Lab):
    line = "%entropy mask curve=0 pictures=0"
    lab.run(fresh, "live.ipynb", LOAD, "import numpy as np\nmask = np.eye(32) > 0", f"{line} -i", "last = 1")
    sliders = fresh.locator(".jphys-live")
    sliders.get_by_role("button", name="Keep").click(timeout=30_000)
    fresh.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.model.cells.length === 5")
    assert sources(fresh)[3:] == [line, "last = 1"]
    show(fresh)
    readings(fresh).click()  # the sliders are no reading
    fresh.locator(".jphys-output.jphys-found .jphys-title", has_text="Phase-space").wait_for(state="attached")


def test_no_serious_violation_and_pictures_in_both_themes(page: Any):
    wait_until_said(page, "The kernel is idle.")
    laboratory.SCREENS.mkdir(parents=True, exist_ok=True)
    for theme in ("Dark", "Light"):
        laboratory.set_theme(page, theme)
        assert laboratory.serious(page, ".jphys-side") == []
        for part in ("variables", "readings"):
            panel(page).locator(f"[data-section={part}]").scroll_into_view_if_needed()
            page.screenshot(path=laboratory.SCREENS / f"side-panel-{part}-{theme.lower()}.png")


def test_a_restarted_kernel_has_loaded_nothing_and_one_click_loads(page: Any):
    count = readings(page).count()
    page.evaluate("() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }")
    wait_until_said(page, "has not loaded the instruments")
    assert panel(page).get_by_role("button", name="Measure", exact=True).is_hidden()
    assert readings(page).count() == count  # they stand in the notebook
    press(page, "Load jupyter_phys")
    assert sources(page)[active(page)] == LOAD
    panel(page).get_by_text("No network, mask or array yet.").wait_for()
    assert panel(page).get_by_text("not started").count() == 1  # asking did not import torch


def test_the_keyboard_alone_goes_from_the_palette_to_a_reading(fresh: Any, lab: laboratory.Lab):
    lab.run(fresh, "keys.ipynb", LOAD, "import numpy as np\nmask = np.eye(32) > 0")
    fresh.keyboard.press("Control+Shift+C")
    fresh.keyboard.type("open the physics panel")
    fresh.wait_for_timeout(500)
    fresh.keyboard.press("Enter")
    row(fresh, "mask").wait_for()
    tab_to(fresh, "mask")
    fresh.keyboard.press("Enter")
    for setting in ("curve", "pictures"):
        tab_to(fresh, setting)
        fresh.keyboard.press("Control+A")
        fresh.keyboard.type("0")
    tab_to(fresh, "Measure")
    fresh.keyboard.press("Enter")
    readings(fresh).first.wait_for(timeout=60_000)
    assert sources(fresh)[active(fresh)] == "%entropy mask curve=0 pictures=0"


def tab_to(page: Any, name: str) -> None:
    """Press Tab until the box, button or row of that name has the focus."""
    here = """() => {
      const it = document.activeElement;
      const { name = it.closest('[data-setting]')?.dataset.setting } = it.dataset;
      return it.type === 'range' ? '' : name ?? it.textContent;
    }"""
    for _ in range(60):
        if page.evaluate(here) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {name}")


def test_a_saved_notebook_lists_its_readings_without_a_kernel(fresh: Any, lab: laboratory.Lab):
    bundle = {laboratory.READING: every_mark.reading(), "text/plain": "every mark"}
    lab.write("saved.ipynb", bundle, {"text/plain": "no reading"}, bundle)
    lab.open(fresh, "saved.ipynb")
    show(fresh)
    assert said(fresh).startswith("No kernel")
    assert readings(fresh).count() == 2
    readings(fresh).last.click()
    fresh.locator(".jphys-output.jphys-found").wait_for(state="attached")
    assert active(fresh) == 2
    assert panel(fresh).locator("img").count() == 0


def test_each_notebook_has_its_own_list(fresh: Any, lab: laboratory.Lab):
    lab.run(fresh, "first.ipynb", LOAD, "import numpy as np\nfirst = np.ones(3)")
    show(fresh)
    row(fresh, "first").wait_for()
    lab.write("second.ipynb", {laboratory.READING: every_mark.reading()})
    fresh.evaluate("() => { void window.jupyterapp.commands.execute('docmanager:open', {path: 'second.ipynb'}); }")
    fresh.locator(".jp-Dialog button.jp-mod-reject").click()  # "No Kernel"
    readings(fresh).first.wait_for()
    assert said(fresh).startswith("No kernel") and row(fresh, "first").is_hidden()
    fresh.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")
    row(fresh, "first").wait_for()
    assert readings(fresh).count() == 0
    fresh.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")
    wait_until_said(fresh, "Open a notebook")


def test_the_launcher_opens_a_copy_of_a_tutorial_and_never_overwrites_one(fresh: Any, lab: laboratory.Lab):
    fresh.goto(f"{lab.url}/lab?token={lab.token}&reset")
    card = fresh.locator(".jp-LauncherCard", has_text="Physics tutorials")
    card.click(timeout=60_000)
    # JupyterLab has dialogs of its own, as when a file changes on the disk
    dialog = fresh.get_by_role("dialog").filter(has=fresh.locator(".jphys-shelf"))
    dialog.get_by_role("radio").nth(1).wait_for()
    assert laboratory.serious(fresh, ".jp-Dialog .jphys-shelf") == []
    fresh.screenshot(path=laboratory.SCREENS / "tutorials.png")
    dialog.get_by_text("10", exact=True).click()
    dialog.get_by_role("button", name="Open a copy").click()
    fresh.locator(".jp-Notebook").wait_for(timeout=30_000)
    copied = lab.root / "10_entropy.ipynb"
    assert json.loads(copied.read_text())["cells"]
    nbformat.write(nbformat.v4.new_notebook(), copied)
    mine = copied.read_bytes()
    execute(fresh, "jupyter-phys:tutorials")
    dialog.get_by_text("10", exact=True).click()
    fresh.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    fresh.wait_for_timeout(1000)
    assert copied.read_bytes() == mine
