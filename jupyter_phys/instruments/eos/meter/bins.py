"""Where spectra are given: Gauss's nodes, bins of a histogram, or nodes with weights; and what a pixel counts.

A pixel is a density rho = dN/(dy pT dpT dphi) in 1/GeV², of which pT dpT dphi counts, or the number of particles in a
bin, which counts as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jupyter_phys.core.errors import Refused
from jupyter_phys.core.run import numbers
from jupyter_phys.physics.hydro.spectra import Momenta, gaussian_momenta
from jupyter_phys.physics.quadrature import laguerre

KEYS = ("pT", "phi", "pT_weight", "phi_weight")
SAME = 1e-4  # relative, of a node: a store may keep float32
SCALE = 12.0  # 1/GeV, of nodes that nobody gave
ALL = 100.0  # GeV: the setting `highest` that reads everything
CIRCLE = 2 * math.pi


class Counts(Momenta):
    """Bins of a histogram, by their middles: a pixel is a number of particles, however wide its bin."""

    def cells(self, like: Tensor) -> Tensor:
        """One for every bin [pT, phi]."""
        return torch.ones(len(self.pt), len(self.phi)).to(like)


class Numbered(Counts):
    """Bins of which nobody has said where in pT they lie: ``pt`` are their numbers, from 1/2 on."""


KINDS: dict[str, type[Momenta]] = {"density": Momenta, "counts": Counts, "numbered": Numbered}


def momenta_of(name: str, shape: tuple[int, ...], given: Mapping[str, Any], *, counts: bool) -> Momenta:
    """The grid of spectra [..., pT, phi] from ``given``: pT and phi as nodes, middles or edges (one more) of bins.

    Weights of integrals over pT and phi (``pT_weight``, ``phi_weight``) are needed for other nodes than Gauss's and
    equal bins. Where nothing is given, densities lie on the nodes of %eos, and bins are equal and have numbers in pT.

    Raises:
        Refused: nodes that no integral is known over, azimuths that do not go around; the message names the cure.
    """
    rows, columns = shape[-2:]
    row = {key: _row(name, key, one) for key, one in given.items() if key in KEYS and one is not None}
    standard = gaussian_momenta(rows, columns, SCALE)
    phi, wide = standard.phi, standard.phi_weight
    if "phi" in row:
        phi, wide = _azimuths(name, row["phi"], row.get("phi_weight"), columns)
    elif counts:
        phi, wide = _middles(torch.linspace(0, CIRCLE, columns + 1, dtype=torch.float64))
    if counts and not is_equal(phi):
        raise Refused(f"{name}: counts in azimuth need bins of equal width, so that they can be turned.",
                      given=f"φ {_some(phi)}", instead="rho, counts over pT dpT dφ, in their place")  # fmt: skip
    if "pT" in row:
        pt, high = _momenta(name, row["pT"], row.get("pT_weight"), rows)
    elif counts:
        return Numbered(*_middles(torch.arange(rows + 1, dtype=torch.float64)), phi, wide)
    else:
        pt, high = standard.pt, standard.pt_weight
    return (Counts if counts else Momenta)(pt, high, phi, wide)


def _row(name: str, key: str, value: Any) -> Tensor:
    try:
        found = numbers(value)
        found = torch.as_tensor(np.array(found) if isinstance(found, np.ndarray) else found).to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError):
        found = torch.empty(0, 0)
    rises = key.endswith("weight") or bool((found.diff() > 0).all())
    if found.ndim != 1 or len(found) < 4 or not found.isfinite().all() or not rises:
        raise Refused(f"{name}: pT and phi are rising rows of numbers.", given=f"{key} {list(found.shape)}",
                      allowed="4 numbers or more")  # fmt: skip
    return found


def _momenta(name: str, given: Tensor, weight: Tensor | None, rows: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights in pT."""
    if len(given) == rows + 1 and given[0] >= 0:
        return _middles(given)
    _refuse_length(name, "pT", given, rows)
    if given[0] <= 0:
        raise Refused(f"{name}: pT of a node is above 0.", given=f"pT {_some(given)}", instead="edges of bins, one "
                      "more than bins")  # fmt: skip
    if weight is not None:
        return given, _weights(name, "pT_weight", weight, rows)
    x, weights = laguerre(rows)
    scale = float(x[0] / given[0])
    if _near(given, x / scale):
        return x / scale, weights * x.exp() / scale
    width = (given[-1] - given[0]) / (rows - 1)
    if _near(given.diff(), width.expand(rows - 1)) and given[0] >= width * (0.5 - SAME):
        return given, width.expand(rows).clone()
    raise Refused(f"{name}: pT are not Gauss's nodes, nor middles of equal bins above 0.", given=f"pT {_some(given)}",
                  allowed="Gauss–Laguerre over a scale, as %eos makes them; or middles of equal bins",
                  instead="pT as edges, one more than bins; or pT_weight beside it")  # fmt: skip


def _azimuths(name: str, given: Tensor, weight: Tensor | None, columns: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights around the circle."""
    standard = gaussian_momenta(4, columns)
    if len(given) == columns + 1:
        found = _middles(given)
    else:
        _refuse_length(name, "phi", given, columns)
        if weight is not None:
            found = given, _weights(name, "phi_weight", weight, columns)
        elif _near(given, standard.phi):
            found = standard.phi, standard.phi_weight
        elif is_equal(given):
            found = given, torch.full_like(given, CIRCLE / columns)
        else:
            raise Refused(f"{name}: φ are not Gauss's nodes, nor equal bins around the circle.",
                          given=f"φ {_some(given)}", allowed="Gauss–Legendre on (0, 2π), as %eos makes them; or "
                          "middles of equal bins",
                          instead="phi as edges, one more than bins; or phi_weight beside it")  # fmt: skip
    if abs(float(found[1].sum()) / CIRCLE - 1) > SAME or float(found[0][-1] - found[0][0]) >= CIRCLE:
        raise Refused(f"{name}: azimuths do not go once around.", given=f"φ over {float(found[1].sum()):.4g}",
                      allowed="2π, in rad")  # fmt: skip
    if gap(found[0]) > max(CIRCLE / 4, float(standard.phi.diff().max())):
        raise Refused(f"{name}: azimuths lie too far apart to be turned with their elliptic flow.",
                      given=f"{gap(found[0]):.3g} rad", allowed="π/2 between neighbours")  # fmt: skip
    return found


def _refuse_length(name: str, key: str, given: Tensor, count: int) -> None:
    if len(given) != count:
        raise Refused(f"{name}: these spectra do not lie on {key}.", given=f"{len(given)} for {count} pixels",
                      allowed=f"{count}, or {count + 1} edges of bins")  # fmt: skip


def _weights(name: str, key: str, weight: Tensor, count: int) -> Tensor:
    if len(weight) != count or not (weight > 0).all():
        raise Refused(f"{name}: {key} has a number above 0 for every node.", given=f"{len(weight)} from "
                      f"{float(weight.min()):.3g}", allowed=f"{count}")  # fmt: skip
    return weight


def _middles(edges: Tensor) -> tuple[Tensor, Tensor]:
    return (edges[1:] + edges[:-1]) / 2, edges.diff()


def _near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=SAME, atol=SAME * 1e-2)


def _some(nodes: Tensor) -> str:
    return ", ".join(f"{one:.4g}" for one in nodes[:3].tolist()) + " …"


def gap(phi: Tensor) -> float:
    """The widest between neighbours around the circle, rad."""
    return float(torch.cat([phi, phi[:1] + CIRCLE]).diff().max())


def is_equal(phi: Tensor) -> bool:
    """Whether azimuths are those of equal bins around the circle."""
    return _near(phi.diff(), torch.full_like(phi[1:], CIRCLE / len(phi)))


def is_same(one: Momenta, other: Momenta) -> bool:
    """Whether spectra of both lie on the same grid, and their pixels mean the same."""
    return type(one) is type(other) and all(
        mine.shape == its.shape and torch.allclose(mine, its, rtol=SAME)
        for mine, its in ((one.pt, other.pt), (one.phi, other.phi))
    )


def in_words(momenta: Momenta) -> str:
    """A grid in a few words."""
    shape = f"{len(momenta.pt)} × {len(momenta.phi)}"
    if isinstance(momenta, Numbered):
        return f"{shape} bins of unknown pT"
    return f"{shape} {'bins' if isinstance(momenta, Counts) else 'nodes'}, pT from {float(momenta.pt[0]):.4g} GeV"


def rows_read(momenta: Momenta, highest: float) -> int:
    """How many rows lie below a momentum.

    Raises:
        Refused: fewer than 4, or nobody knows.
    """
    if isinstance(momenta, Numbered):
        if highest < ALL:
            raise Refused("Nobody has said where these bins lie in pT.", given=f"highest={highest:g}",
                          instead=f"highest={ALL:g}, which reads all of them")  # fmt: skip
        return len(momenta.pt)
    rows = int((momenta.pt <= highest).sum())
    if rows < 4:
        raise Refused("Too few momenta are read.", given=f"highest={highest:g}: {rows} nodes",
                      allowed=f"at least {float(momenta.pt[3]):.3g} GeV")  # fmt: skip
    return rows
