"""What experiments read off a spectrum: multiplicity, mean pT, anisotropic flow, and counts of finitely many particles.

v_n and its plane: <exp(i n phi)> = v_n exp(i n Psi_n), Poskanzer, Voloshin, Phys. Rev. C 58, 1671 (1998). Averages are
over the particles of one event and one kind, weighed with rho pT dpT dphi. dN/dY is `Momenta.integral`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from jupyter_phys.physics.hydro.spectra import Momenta


class Flow(NamedTuple):
    """<exp(i n phi)> over all particles [..., order] and over those of one pT [..., order, pT], complex."""

    orders: tuple[int, ...]
    whole: Tensor
    parts: Tensor

    @property
    def v(self) -> Tensor:
        """Integrated v_n [..., order]."""
        return self.whole.abs()

    @property
    def plane(self) -> Tensor:
        """Psi_n [..., order] in (-pi/n, pi/n]."""
        return self.whole.angle() / torch.tensor(self.orders, dtype=self.v.dtype, device=self.v.device)

    @property
    def v_of_pt(self) -> Tensor:
        """v_n{pT} [..., order, pT] against the event's plane: negative where the flow is across it."""
        turn = torch.polar(torch.ones_like(self.v), -self.whole.angle())
        return (self.parts * turn[..., None]).real


class Sample(NamedTuple):
    """Counts [event, pT, phi] of all oversamples together, and the estimate of rho that they give, 1/GeV^2."""

    counts: Tensor
    rho: Tensor


def mean_pt(rho: Tensor, momenta: Momenta) -> Tensor:
    """<pT> [...] in GeV of rho [..., pT, phi]."""
    return momenta.integral(rho * momenta.pt.to(rho)[:, None]) / momenta.integral(rho)


def flow(rho: Tensor, momenta: Momenta, orders: Sequence[int] = (2, 3)) -> Flow:
    """Anisotropies of rho [..., pT, phi]. Their planes mean nothing where v_n is zero."""
    angle = torch.outer(momenta.phi, torch.tensor(orders, dtype=momenta.phi.dtype, device=momenta.phi.device)).to(rho)
    particles = rho * momenta.cells(rho)
    turned = torch.complex(particles @ angle.cos(), particles @ angle.sin()).transpose(-1, -2)
    number = particles.sum(-1)
    whole = turned.sum(-1) / number.sum(-1, keepdim=True)
    return Flow(tuple(orders), whole, turned / number[..., None, :])


def sampled(rho: Tensor, momenta: Momenta, generators: Sequence[torch.Generator], oversamples: int = 1) -> Sample:
    """Particles of rho [event, pT, phi] in one unit of rapidity, each event with its own generator on the CPU.

    A count has the mean oversamples * rho * (cell of its node); the same on every device. Where rho is negative (a
    surface that takes particles in, a large delta f) nothing is drawn. Raises ValueError if there is not one generator
    for each event, or no oversample.
    """
    if len(generators) != len(rho):
        raise ValueError(f"{len(rho)} events and {len(generators)} generators: one for each")
    if oversamples < 1:
        raise ValueError(f"oversamples={oversamples}: at least 1")
    on_cpu = rho.detach().to("cpu").double()
    cells = oversamples * momenta.cells(on_cpu)
    mean = on_cpu.clamp(min=0) * cells
    counts = torch.stack([torch.poisson(one, generator=own) for one, own in zip(mean, generators, strict=True)])
    return Sample(counts.to(rho), (counts / cells).to(rho))
