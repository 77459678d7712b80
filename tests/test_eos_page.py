"""%eos in real JupyterLab and Chromium: collisions drawn and played, a slider that evolves one again."""

from __future__ import annotations

from typing import Any

import lab as laboratory
import pytest

pytestmark = pytest.mark.xdist_group("browser")

START = "%load_ext jupyter_phys"
QUICK = "b=7 dx=0.5"


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_collision_is_drawn_and_keeps_nobody_out(lab: laboratory.Lab, page: Any, theme: str):
    lab.run(page, f"collision{theme}.ipynb", START, f"%eos [crossover, first_order] {QUICK}")
    reading = page.locator(".jphys-reading")
    for told in ("Particles at freeze-out", "Equation of state", "Temperature of the first event", "Elliptic flow"):
        reading.get_by_text(told).first.wait_for()
    laboratory.set_theme(page, theme)
    laboratory.keeps_nobody_out(page, ".jphys-reading")
    laboratory.SCREENS.mkdir(parents=True, exist_ok=True)
    reading.get_by_text("Temperature of the first event").first.scroll_into_view_if_needed()
    page.mouse.move(600, 500)
    page.mouse.wheel(0, 500)
    page.wait_for_timeout(500)
    page.screenshot(path=laboratory.SCREENS / f"eos_{theme.lower()}.png")


def test_a_slider_evolves_the_collision_again(lab: laboratory.Lab, page: Any):
    lab.run(page, "evolve.ipynb", START, f"%eos crossover {QUICK} -i")
    sliders = page.locator(".jphys-live")
    sliders.locator(".jphys-control").first.wait_for(timeout=30_000)
    table = sliders.get_by_role("table").first.locator("tbody")
    before = table.inner_text()
    sliders.locator("[data-setting=b] .jphys-box").fill("3")
    page.keyboard.press("Enter")
    sliders.get_by_text("b = 3 fm").wait_for(timeout=30_000)
    assert table.inner_text() != before
