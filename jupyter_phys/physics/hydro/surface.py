"""The surface on which a fluid has cooled to one energy density, as the rows that spectra are integrated over.

Between two times every edge of the grid, in tau, x or y, that crosses the energy density is one element: its normal
lies along the edge and its size is that of the cell face it goes through. Such steps tile the same projections as the
smooth surface, so integrals of p.dS come out to the order of the grid, with no polygons to build.
"""

import torch
from torch import Tensor


def crossings(before: Tensor, after: Tensor, times: tuple[float, float], level: float, dx: float) -> Tensor:
    """Rows [element, 7] (event, tau, u^x, u^y, dS_tau, dS_x, dS_y) between two states of a fluid [event, 3, y, x].

    Fields behind e, u^x, u^y, as pi^xx, pi^xy, pi^yy and Pi, follow in further columns.

    level: energy density in GeV/fm^3. The normal points from hot to cold; the factor tau is in it, d eta is not.
    """
    early, late = times
    middle, half = (before + after) / 2, (early + late) / 2
    found = [_edges(before, after, times, level, 0, dx * dx)]
    for axis, along in ((1, 3), (2, 2)):
        n = middle.shape[along] - 1
        pair = middle.narrow(along, 0, n), middle.narrow(along, 1, n)
        found.append(_edges(*pair, (half, half), level, axis, dx * (late - early)))
    return torch.cat(found)


def _edges(one: Tensor, other: Tensor, times: tuple[float, float], level: float, axis: int, area: float) -> Tensor:
    """Crossings from `one` to its neighbour `other` [event, 3, ...], where u and tau are taken at the crossing."""
    first, second = one[:, 0] - level, other[:, 0] - level
    event, y, x = ((first > 0) != (second > 0)).nonzero(as_tuple=True)
    first, second = first[event, y, x], second[event, y, x]
    share = first / (first - second)
    flow = torch.lerp(one[event, 1:, y, x], other[event, 1:, y, x], share[:, None])
    tau = times[0] + share * (times[1] - times[0])
    rows = _rows(event, flow)
    rows[:, 1] = tau
    rows[:, 4 + axis] = torch.where(first > 0, area, -area) * tau
    return rows


def _rows(event: Tensor, carried: Tensor) -> Tensor:
    """Of events [element] and fields [element, 2 + more], the rest 0."""
    rows = carried.new_zeros(len(event), 5 + carried.shape[1])
    rows[:, 0], rows[:, 2:4], rows[:, 7:] = event.to(rows.dtype), carried[:, :2], carried[:, 2:]
    return rows
