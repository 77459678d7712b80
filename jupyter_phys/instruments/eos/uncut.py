"""How far spectra would change if |δf| was cut to f, from a sample of a surface: bins cannot be cut."""

from __future__ import annotations

import torch
from torch import Tensor

from jupyter_phys.instruments.eos.bench import SPECIES, Bench, Medium
from jupyter_phys.physics.hydro.spectra import cooper_frye, cut_cooper_frye, gaussian_momenta

SAMPLE, AZIMUTHS = 512, 8  # elements, evenly along the surface, and nodes: within a factor of 2 of all of them


def shares(bench: Bench, medium: Medium, rows: Tensor) -> Tensor:
    """Share of the spectrum that a cut would change [species, pT], of rows [element, 11] of one event's surface.

    A change is summed over the elements, and its size over azimuth.
    """
    some = rows[:: max(1, -(-len(rows) // SAMPLE))]
    settings, stress = bench.settings, medium.stress(some[:, 7:])
    momenta = gaussian_momenta(settings.pt_nodes, AZIMUTHS, settings.pt_scale)
    found: list[Tensor] = []
    for species in SPECIES.values():
        asked = some[:, :7], 1, settings.freeze_out, momenta, species, stress
        whole, cut = cooper_frye(*asked)[0], cut_cooper_frye(*asked)[0]
        weight = momenta.phi_weight.to(whole)
        found.append(((cut - whole).abs() @ weight) / (cut @ weight).abs())
    return torch.stack(found)
