"""Make the README's pictures again: python docs/pictures.py. page.png is a screenshot of JupyterLab, taken by hand;
meter.png shows the large run of benchmarks/RESULTS.md.
"""

from pathlib import Path

import jupyter_phys as jp
from jupyter_phys.core.reading import Reading
from jupyter_phys.figures import paper
from jupyter_phys.figures.panel import plots

HERE = Path(__file__).parent / "pictures"


def write(name: str, reading: Reading, *titles: str) -> None:
    """The plots of a reading that stand under one of these headings or titles."""
    shown = [plot for plot in plots(reading.panels()) if plot.row.startswith(titles) or plot.title in titles]
    (HERE / name).write_bytes(paper.png(shown))


def main() -> None:
    HERE.mkdir(exist_ok=True)
    slice_ = jp.entropy(kind="mri", curve=0)
    left, seen = "What the acquisition leaves of the picture", "Spectrum seen by the window at one place"
    write("mri.png", slice_, "Mask (first draw)", left, seen, "Where the entropy sits")
    packet = jp.entropy(["periodic", "random"], period=8, rate=1 / 8, kind="signal", curve=24)
    write("scale.png", packet, "ΔS against window scale")
    write("copies.png", packet, "Field", "Phase space")
    network = jp.probe(eps=0.2, curve=8, pictures=1, images=540)
    portrait, maps, curve = (
        "Phase-space portrait",
        "Over the input, mean over labels",
        "Accuracy under attack against its size",
    )
    write("probe.png", network, portrait, maps, curve, "Worst input 1")
    collision = jp.eos(["crossover", "first_order"], b=6)
    write("eos.png", collision, "Equation of state", "Temperature of the first event", "Spectra, mean", "Elliptic flow")


if __name__ == "__main__":
    main()
