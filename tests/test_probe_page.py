"""%probe in real JupyterLab and Chromium: readings drawn, sliders, a training followed on one display."""

from __future__ import annotations

from typing import Any

import lab as laboratory
import pytest
from lab import READING

pytestmark = pytest.mark.xdist_group("browser")

START = """%load_ext jupyter_phys
%config JupyterPhys.progress = True
import torch, time
from math import inf
from torch import nn
torch.manual_seed(0)
x = torch.rand(60, 4, 4); y = (x[:, :, :2].mean((1, 2)) > x[:, :, 2:].mean((1, 2))).long()
net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(net.parameters(), 0.5)
def step():
    optimizer.zero_grad(); nn.functional.cross_entropy(net(x), y).backward(); optimizer.step()
packet = lambda x: (x[:, 0]**2 - 1) * torch.exp(-x[:, 0]**2 / 4)"""
QUICK = "data=(x, y) samples=400 images=20 steps=2 eps=0.1"
OUTPUTS = "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_readings_are_drawn_and_keep_nobody_out(lab: laboratory.Lab, page: Any, theme: str):
    lab.run(page, f"drawn{theme}.ipynb", START, "%probe packet domain=(-inf, inf)", f"%probe net {QUICK}")
    readings = page.locator(".jphys-reading")
    assert readings.count() == 2
    for told in ("Wigner function", "Phase-space portrait", "Accuracy under attack", "perturbation"):
        page.get_by_text(told).first.wait_for()
    laboratory.set_theme(page, theme)
    laboratory.keeps_nobody_out(page, ".jphys-reading")
    laboratory.SCREENS.mkdir(parents=True, exist_ok=True)
    readings.first.scroll_into_view_if_needed()
    page.screenshot(path=laboratory.SCREENS / f"probe_{theme.lower()}.png")


def test_a_slider_measures_a_network_again(lab: laboratory.Lab, page: Any):
    lab.run(page, "slide.ipynb", START, f"%probe net {QUICK} -i")
    sliders = page.locator(".jphys-live")
    sliders.locator(".jphys-control").first.wait_for(timeout=30_000)
    table = sliders.get_by_role("table").first.locator("tbody")
    before = table.inner_text()
    box = sliders.locator("[data-setting=s] .jphys-box")
    box.fill("0.2")
    page.keyboard.press("Enter")
    sliders.get_by_text("window s = 0.2").wait_for(timeout=30_000)
    assert table.inner_text() != before


def test_a_training_is_followed_on_one_display(lab: laboratory.Lab, page: Any):
    training = f"%%probe net {QUICK} every=2\nfor _ in range(8):\n    step(); time.sleep(0.2)"
    lab.run(page, "train.ipynb", START, "1 + 1")
    page.evaluate(
        """source => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.model.sharedModel.insertCell(2, { cell_type: 'code', source });
        }""",
        training,
    )
    lab.start_cell(page, 2)
    page.locator(".jphys-reading").get_by_text("Accuracy over training").first.wait_for(timeout=30_000)
    running = page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status")
    assert running == "busy", "the picture is there while the cell runs"
    page.wait_for_function(laboratory.DONE, arg=2, timeout=60_000)
    kept = [one for one in page.evaluate(OUTPUTS, 2) if READING in one.get("data", {})]
    assert [one["output_type"] for one in kept] == ["execute_result"]
    assert page.locator(".jphys-reading").count() == 1
    assert len(kept[0]["data"][READING]["panels"][0]["rows"]) == 5
