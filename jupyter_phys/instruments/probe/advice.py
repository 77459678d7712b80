"""What a reader must know of the numbers, and what is recorded beside them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import xarray as xr

from jupyter_phys.core.errors import Refused
from jupyter_phys.instruments.probe.attacks.attacked import Victims
from jupyter_phys.instruments.probe.bench import Bench
from jupyter_phys.instruments.probe.conjugate import baseline
from jupyter_phys.instruments.probe.packets.integrated import unseen
from jupyter_phys.instruments.probe.packets.packet import FEWEST, Found
from jupyter_phys.instruments.probe.probed import Probed

# Conventions of ours, and no physics
SPARSE = 0.01  # part of all samples
EDGE = 0.45  # |c| below which 1/2 is no bound
SIGMAS = 5
INTEGRATED = {torch.float64: 1e-6, torch.float32: 1e-3}  # relative error that need not be minded
ROUNDING = 1e-6


def facts(bench: Bench) -> dict[str, Any]:
    """What the numbers depend on beside settings."""
    one = bench.probed[0]
    found: dict[str, Any] = {
        "packet": "box" if one.packets.is_box else "window", "shape": list(one.model.shape), "loss": one.loss,
        "dtype": str(one.model.dtype).removeprefix("torch."),
        "definition": "psi ~ l(x), normalised; definitions ours, after arXiv:2205.01493",
    }  # fmt: skip
    if one.packets.is_box:
        sides = list(dict.fromkeys(f"[{low:g}, {high:g}]" for low, high in one.packets.sides))
        power = f"^{len(one.packets.sides)}" if len(one.packets.sides) > 1 else ""
        found["domain"] = " × ".join(sides[:3]) + (" × …" if len(sides) > 3 else power if len(sides) == 1 else "")
    if one.victims is not None:
        found |= {"baseline": baseline(one.model.d), "classes": one.victims.classes}
        found["embeddings"] = one.model.embedding is not None
        found["settled"] = _settled(bench, one.victims)
    return found


def _settled(bench: Bench, victims: Victims) -> dict[str, Any]:
    """What settings that may be left open came to."""
    found: dict[str, Any] = {"bounds": {"value": list(victims.bounds)}}
    if not bench.run.swept & {"eps", "steps", "step"} and "eps" not in bench.run.whole:
        own = 2.5 * bench.settings.eps / bench.settings.steps
        found["step"] = {"value": own if bench.settings.step is None else bench.settings.step}
    return found


def mind_packets(bench: Bench, data: xr.Dataset, i: int) -> None:
    """Say what flags the numbers of a subject.

    Raises:
        Refused: a product below the bound that holds for every sample.
    """
    one, rows = bench.probed[i], data.isel(subject=i, label=slice(0, len(bench.probed[i].packets.names)))
    product, bound = rows["product"].values, rows["bound"].values
    if (product < bound - ROUNDING * np.maximum(bound, 1)).any():
        raise Refused(f"{one.name}: a product lies below |c|, which is impossible: its numbers are not to be trusted.",
                      given=f"{np.nanmin(product - bound):.2g}", allowed="product ≥ |c|")  # fmt: skip
    _mind_samples(bench, one, rows)
    if one.packets.is_box:
        if np.nanmin(bound, initial=1.0) < EDGE:
            bench.run.warn(f"{one.name}: ½ does not apply: the loss does not vanish at the edge of the domain. "
                           "The bound is |c|.")  # fmt: skip
        return
    enough = rows["ess"].values >= FEWEST
    for name, said in (("gradient_check", "its mean under the window is"), ("bound_check", "the bound it gives is")):
        off = rows[name].values[enough]
        if (off > SIGMAS).any():
            far = f"{np.nanmax(off):.0f} standard errors off {'zero' if name == 'gradient_check' else '½'}"
            bench.run.warn(f"{one.name}: the gradient is not that of the loss ({said} {far}). Is there a detached "
                           "step, a jump, or a normalisation outside?")  # fmt: skip
            return


def _mind_samples(bench: Bench, one: Probed, rows: xr.Dataset) -> None:
    ess, samples = rows["ess"].values, rows["samples"].values
    if np.isnan(ess).all():
        return
    low = ~(ess >= FEWEST)
    if low.any():
        label = str(rows["label"].values[low][0])
        several = f"products of {int(low.sum())} packets are" if low.sum() > 1 else "the product of one packet is"
        bench.run.warn(f"{one.name}: {several} withheld: only {np.nan_to_num(ess[low]).min():.0f} "
                       f"effective samples ({label}){', and the mean with them' if len(ess) > 1 else ''}. "
                       f"More samples= or a smaller {'domain' if one.packets.is_box else 's'}= give more.")  # fmt: skip
    steep = [float(np.median(known)) for row in rows["ess_p"].values[~low] if (known := row[np.isfinite(row)]).size]
    fewest = min(steep, default=np.inf)
    if low.all():
        return
    if ((ess / samples < SPARSE) & ~low).any() or fewest < FEWEST:
        bench.run.warn(f"{one.name}: few effective samples: {ess[~low].min():.0f} of {np.nanmax(samples):.0f} for Δx, "
                       f"{fewest:.0f} for Δp (median). Errors may be understated.")  # fmt: skip


def mind_integral(bench: Bench, one: Probed, found: Found) -> None:
    """Say how well a quadrature has converged."""
    assert found.error is not None
    least = unseen(one.packets)
    blind = f"; what is narrower than {least:.1g} may be missed" if math.isfinite(least) else ""
    said = f"{one.name}: by Gauss–Legendre quadrature with {found.samples} nodes{blind}"
    known = INTEGRATED[torch.float64 if one.model.dtype is torch.float64 else torch.float32]
    if found.error > known:
        bench.run.warn(f"{said}. It converges slowly: widths are off by about {found.error:.0e} of themselves.")
    else:
        bench.run.note(f"{said}. Widths are off by less than {known:.0e} of themselves, as convergence tells.")
