"""The page: size of the bundle; in Chromium the repaint of a map, zooming of 3,500 points, a million points.

Aims: under 300 kB gzipped, a 256 by 256 map repainted in 16 ms, charts of 3,500 cells zooming at 60 frames a second.
"""

import gzip
import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from jupyter_phys.figures.mark import Axis, Heat, Line, Points
from jupyter_phys.figures.panel import PhaseSpace, Plot
from jupyter_phys.figures.payload import payload

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "labextension"
BUILT = ROOT / "jupyter_phys" / "labextension" / "static"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
CARD = """() => { const known = WebGL2RenderingContext.prototype.getParameter;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    return name === 0x9246 || name === 0x1F01 ? 'a graphics card' : known.call(this, name); }; }"""
HELPERS = """async code => {
  window.painter = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const frame = window.requestAnimationFrame.bind(window);
  window.spent = [];
  window.requestAnimationFrame = act => frame(time => {
    const start = performance.now(); act(time); window.spent.push(performance.now() - start); });
  window.next = () => new Promise(done => frame(time => done(time)));
  window.host = document.getElementById('host');
}"""
PAINT = """async payload => {
  const start = performance.now();
  window.painted?.dispose();
  window.painted = painter.paint(host, payload);
  while (!document.querySelector('canvas[data-with]')) await next();
  const took = performance.now() - start;
  await next(); await next();
  return [took, document.querySelector('canvas').dataset.with];
}"""
ZOOM = """async () => {
  const stage = document.querySelector('.jphys-stage'), box = stage.getBoundingClientRect(), gaps = [];
  window.spent.length = 0;
  let last = await next();
  for (let i = 0; i < 120; i++) {
    const wheel = { deltaY: i % 40 < 20 ? -30 : 30, ctrlKey: true, bubbles: true, cancelable: true };
    stage.dispatchEvent(new WheelEvent('wheel', { ...wheel, clientX: box.x + 300, clientY: box.y + 120 }));
    const now = await next();
    gaps.push(now - last);
    last = now;
  }
  const at = (list, part) => list.toSorted((a, b) => a - b)[Math.floor(part * list.length)];
  const own = window.spent.filter(one => one > 0.2);
  return [at(own, 0.5), at(own, 0.95), at(gaps, 0.5), at(gaps, 0.95)];
}"""
UPDATE = """async payload => {
  const took = [];
  for (let i = 0; i < 31; i++) {
    const start = performance.now();
    painted.update(payload);
    await next(); await new Promise(done => setTimeout(done));
    took.push(performance.now() - start);
  }
  return took.toSorted((a, b) => a - b)[15];
}"""
POINT = """async which => {
  const stage = document.querySelectorAll('.jphys-explorer .jphys-stage')[which];
  const box = stage.querySelector('canvas').getBoundingClientRect();
  window.spent.length = 0;
  for (let i = 0; i < 120; i++) {
    const [across, down] = [(i * 7 % 60 + 0.5) / 60, (i * 11 % 60 + 0.5) / 60];
    const at = { clientX: box.x + across * box.width, clientY: box.y + down * box.height, bubbles: true };
    stage.dispatchEvent(new PointerEvent('pointermove', at));
    await next();
  }
  const own = window.spent.filter(one => one > 0.2).toSorted((a, b) => a - b);
  return [own[Math.floor(0.5 * own.length)], own[Math.floor(0.95 * own.length)]];
}"""
MILLION = """([payload, count]) => {
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const points = payload.panels[0].marks[0];
  for (const name of ['x', 'y']) {
    points[name] = { dtype: 'f4', shape: [count], buffer: Float32Array.from({ length: count }, normal) };
  }
  return (%s)(payload);
}"""


def sizes() -> None:
    total = sum(len(gzip.compress(file.read_bytes(), 9)) for file in BUILT.glob("*.js"))
    print(f"labextension, all scripts, gzipped: {total / 1000:.0f} kB (aim: under 300)")


def painter() -> str:
    """The painter alone as one module, as a widget would carry it."""
    call = ["npx", "esbuild", "src/painter.ts", "--bundle", "--minify", "--format=esm", "--log-level=error"]
    code = subprocess.run(call, cwd=SOURCE, check=True, capture_output=True, text=True).stdout
    print(f"painter as one module, gzipped: {len(gzip.compress(code.encode(), 9)) / 1000:.0f} kB")
    return code


def cases() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    axes = Axis("N"), Axis("residual", "MeV")
    color = Axis("energy density", "GeV/fm³")
    heat = Heat(rng.normal(size=(256, 256)), (0, 255), (0, 255), color)
    x, y = rng.normal(size=(2, 3500))
    drawn = {
        "256 × 256 map": Plot("map", Axis("x", "fm"), Axis("y", "fm"), [heat], square=True),
        "3,500 points": Plot("points", *axes, [Points(x, y, "nuclei")]),
        "3,500 points of a line": Plot("line", *axes, [Line(np.arange(3500.0), y, "walk")]),
    }
    return {name: payload(name, [plot], [], instrument="bench") for name, plot in drawn.items()}


def explorer() -> PhaseSpace:
    """Before and after on 128 × 128 samples, as %entropy keeps it."""
    rng = np.random.default_rng(1)
    places = Axis("column", "samples"), Axis("row", "samples", downward=True)
    bands, share = (Axis("ν₁", "cycles/sample"), Axis("ν₀", "cycles/sample")), Axis("energy share", log=True)
    picture = Heat(rng.random((128, 128)), (0, 127), (0, 127), Axis("magnitude"), palette="grey")
    spectrum = Heat(rng.random((64, 64)), (-0.5, 0.48), (-0.5, 0.48), share)
    pictures = [Plot(name, *places, [picture], square=True) for name in ("before", "after")]
    spectra = [Plot(name, *bands, [spectrum], square=True) for name in ("before", "after")]
    ends, band = (3.5, 123.5), (-0.47, 0.47)
    density = rng.random((2, 16, 16, 16, 16))
    return PhaseSpace("Explorer", pictures, spectra, density, (ends, ends), (band, band), (64, 64))


def point(page: Any) -> None:
    page.evaluate(PAINT, payload("Explorer", [explorer()], [], instrument="bench"))
    for which, what in ((0, "place"), (2, "frequency")):
        own, slow = page.evaluate(POINT, which)
        print(f"explorer, pointing at a {what}: our work a frame {own:.1f} ms (95 %: {slow:.1f}; aim: under 16)")


def measure(browser: Any, code: str, pretend: bool) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    if pretend:
        page.add_init_script(f"({CARD})()")
    css = (SOURCE / "style" / "index.css").read_text()
    page.goto("about:blank")
    page.set_content(f"<style>{css}</style><body style='background:#fff'><div id=host style='width:900px'></div>")
    if pretend:
        page.evaluate(CARD)
    page.evaluate(HELPERS, code)
    for name, data in cases().items():
        first, way = page.evaluate(PAINT, data)
        own, slow, gap, worst = page.evaluate(ZOOM)
        new = page.evaluate(UPDATE, data)
        how = {"none": "SVG and canvas 2D", "2d": "canvas 2D", "webgl": "WebGL2"}[way]
        print(
            f"{name}, {how}: first picture {first:.0f} ms; zooming: our work a frame {own:.1f} ms (95 %: {slow:.1f}), "
            f"between frames {gap:.1f} ms (95 %: {worst:.1f}); new numbers to new picture {new:.1f} ms"
        )
    point(page)
    if not pretend:
        first, _ = page.evaluate(MILLION % PAINT, [cases()["3,500 points"], 1_000_000])
        own, _, gap, _ = page.evaluate(ZOOM)
        said = page.locator(".jphys-plot .jphys-caption").inner_text()
        print(f"1,000,000 points: first picture {first:.0f} ms; zooming {own:.0f} ms of work a frame; it says: {said}")
    page.close()


def main() -> None:
    sizes()
    found = next((it for it in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if it), None)
    if not (found and shutil.which("npx") and importlib.util.find_spec("playwright")):
        print("the page is not measured: that takes Chromium, Node.js and playwright")
        return
    from playwright.sync_api import sync_playwright

    code = painter()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=FLAGS)
        for pretend in (False, True):
            measure(browser, code, pretend)
        browser.close()


if __name__ == "__main__":
    main()
