"""Initial states against closed forms, integrals over nuclei, and themselves in other batches and precisions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pretended import Crossings, Pretend
from scipy import special
from torch import Tensor
from torch._subclasses import FakeTensorMode

from jupyter_phys.physics.hydro.initial import collision as colliding
from jupyter_phys.physics.hydro.initial.centrality import (
    AU_CENTRALITY,
    PB_CENTRALITY,
    Centrality,
    by_entropy,
    impact_parameters,
    percentile,
)
from jupyter_phys.physics.hydro.initial.collision import AU_AU, PB_PB, Collision, Fireballs
from jupyter_phys.physics.hydro.initial.draws import gamma_weights, generators, uniforms
from jupyter_phys.physics.hydro.initial.glauber import (
    collisions,
    left_behind,
    monte_carlo,
    optical,
    participants,
    wounded,
)
from jupyter_phys.physics.hydro.initial.grid import Grid
from jupyter_phys.physics.hydro.initial.nuclei import AU, PB, Nucleus, positions, thickness
from jupyter_phys.physics.hydro.initial.reduced import (
    ein,
    generalised_mean,
    partonic_cross_section,
    reduced_thickness,
)
from jupyter_phys.physics.hydro.initial.shapes import eccentricity, gubser, shock_tube, spot, still
from jupyter_phys.physics.quadrature import line

CU = Nucleus("Cu", 63, 4.2, 0.596)
SMALL, COARSE, POINT = Collision(CU, CU, 4.2), Grid(33, 0.55), Grid(1, 0.3)


def of(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def seeded(event: int) -> torch.Generator:
    return torch.Generator().manual_seed(1000 + event)


def head_on(events: int) -> Tensor:
    return torch.zeros(events, dtype=torch.float64)


# Nuclei


@pytest.mark.parametrize(("nucleus", "density"), [(AU, 0.1693), (PB, 0.1604), (CU, None)])
def test_a_nucleus_holds_its_nucleons(nucleus: Nucleus, density: float | None):
    r, weight = line((0.0, nucleus.reach), 64)
    total = (4 * math.pi * r**2 * nucleus.density(r) * weight).sum()
    thick = (2 * math.pi * r * thickness(nucleus)(r) * weight).sum()
    assert float(total) == pytest.approx(nucleus.mass_number, rel=1e-12)
    assert float(thick) == pytest.approx(nucleus.mass_number, rel=1e-5)
    assert density is None or nucleus.central_density == pytest.approx(density, abs=5e-5)


def test_thickness_between_its_rows_and_beyond():
    z, weight = line((0.0, PB.reach), 40)
    r = of(0, 0.0037, 3.3333, 6.62, 9.1, 12.0)
    exact = 2 * PB.density((r[:, None] ** 2 + z**2).sqrt()) @ weight
    torch.testing.assert_close(thickness(PB)(r), exact, rtol=2e-5, atol=0)
    assert float(thickness(PB)(of(PB.reach, 50, 1e9)).abs().max()) == 0


def test_where_nucleons_are():
    """Moments and the distribution of r, and no direction before another."""
    at = positions(PB, generators(seeded, range(300)))
    r = at.square().sum(-1).sqrt()
    node, weight = line((0.0, PB.reach), 64)
    shell = 4 * math.pi * node**2 * PB.density(node) * weight / PB.mass_number
    assert at.shape == (300, 208, 3)
    for power in (1, 2, 4):
        exact = (shell * node**power).sum()
        assert float((r**power).mean()) == pytest.approx(float(exact), rel=0.01)
    for edge in (3.0, 6.62, 8.0):
        assert float((r < edge).double().mean()) == pytest.approx(float(shell[node < edge].sum()), abs=0.02)
    direction = (at / r[..., None]).reshape(-1, 3)
    assert float(direction.mean(0).abs().max()) < 0.01
    torch.testing.assert_close(
        direction.T @ direction / len(direction), torch.eye(3, dtype=at.dtype) / 3, rtol=0, atol=0.01
    )


@pytest.mark.parametrize("shape", [0.1, 0.8, 1.4, 30.0, 1e4])
def test_gamma_weights(shape: float):
    u = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    weight = gamma_weights(u, shape)
    back = special.gammainc(shape, shape * weight.numpy())
    assert abs(back - u.numpy()).max() < 1e-4
    assert float(weight.mean()) == pytest.approx(1, abs=1e-3)
    assert float(weight.var()) == pytest.approx(1 / shape, rel=5e-3)


# Glauber's model


# Impact parameters at edges of classes, and the rms one of the first; participants, from the formula.
NPART = {
    "Au": (AU_AU, (0, 3.3, 4.7, 5.8, 6.7, 8.2, 9.4, 10.6, 2.333), (378, 316, 264, 220, 183, 124, 83, 49, 346)),
    "Pb": (PB_PB, (0, 3.54, 5.0, 6.13, 7.08, 8.67, 10.01, 11.19, 2.503), (406, 344, 289, 242, 202, 137, 89, 54, 375)),
}


@pytest.mark.parametrize("name", NPART)
def test_participants_of_the_optical_model(name: str):
    collision, b, expected = NPART[name]
    found = participants(collision, of(*b))
    assert float((found - of(*expected)).abs().max()) < 0.55  # rounded to 1, and 2.333 from 3.3/sqrt 2
    torch.testing.assert_close(participants(collision, -of(*b)), found, rtol=1e-6, atol=0)


def test_unlike_nuclei_meet_alike_from_both_sides():
    b = of(0, 4, 8)
    for sums in (participants, collisions):
        one, other = sums(Collision(CU, AU, 4.2), b), sums(Collision(AU, CU, 4.2), b)
        torch.testing.assert_close(one, other, rtol=1e-6, atol=0)
        assert (one.diff() < 0).all()


def test_the_optical_density():
    grid, b = Grid(81, 0.3), of(0, 7, -7)
    for share, sums in ((1.0, participants), (0.0, collisions)):
        e = optical(AU_AU, b, grid, share=share)
        middle = thickness(AU)(of(0))
        unit = float(wounded(AU_AU, middle, middle) if share else 4.0 * middle**2) / 30
        torch.testing.assert_close(e.sum((1, 2)) * 0.3**2 * unit, sums(AU_AU, b), rtol=1e-4, atol=0)
    e = optical(AU_AU, b, grid)
    assert e.shape == (3, 81, 81) and float(e[0, 40, 40]) == pytest.approx(30, rel=1e-12) and float(e.max()) < 30.001
    for mirrored in (e[2].flip(1), e[1].flip(1), e[1].flip(0)):  # b -> -b; alike nuclei; up and down
        torch.testing.assert_close(mirrored, e[1], rtol=1e-9, atol=1e-12)
    single = optical(AU_AU, b, Grid(81, 0.3, dtype=torch.float32))
    torch.testing.assert_close(single.double(), e, rtol=1e-4, atol=1e-9)
    shape = eccentricity(e, grid)
    assert float(shape.size[0]) < 1e-9 and float(shape.size[1]) > 0.2 and float(shape.angle[1]) == pytest.approx(0)


def overlapping(collision: Collision, chance: Callable[[Tensor], Tensor], reach: float) -> float:
    """Expected collisions at b = 0: int d^2d chance(d) T_AB(d)."""
    d, weight = line((0.0, reach), 1)
    nuclear = collisions(collision, d) / collision.cross_section
    return float((2 * math.pi * d * chance(d) * nuclear * weight).sum())


@pytest.mark.parametrize("collision", [AU_AU, PB_PB])
def test_monte_carlo_is_near_the_optical_model(collision: Collision):
    found = monte_carlo(collision, head_on(150), seeded, POINT, share=1.0)
    assert float(found.participants.double().mean()) == pytest.approx(float(participants(collision, of(0))), rel=0.02)
    exact = overlapping(collision, torch.ones_like, math.sqrt(collision.cross_section / math.pi))
    assert float(found.collisions.double().mean()) == pytest.approx(exact, rel=0.02)


def test_what_monte_carlo_leaves_behind():
    """Integrals of the density are counts; its centre of mass is at 0; weights of mean 1 keep both on average."""
    grid, b = Grid(61, 0.4), torch.linspace(0, 9, 12, dtype=torch.float64)
    x, y = grid.plane()
    found = monte_carlo(SMALL, b, seeded, grid, share=0.7)
    total = found.density.sum((1, 2))
    torch.testing.assert_close(
        total * 0.4**2, 0.7 * found.participants.double() + 0.3 * found.collisions.double(), rtol=1e-6, atol=0
    )
    assert float((found.density * x).sum((1, 2)).abs().max()) < 1e-6 * float(total.max())
    assert float((found.density * y).sum((1, 2)).abs().max()) < 1e-6 * float(total.max())
    uneven = monte_carlo(SMALL, b, seeded, grid, share=0.7, gamma=1.0)
    assert torch.equal(uneven.participants, found.participants) and torch.equal(uneven.collisions, found.collisions)
    assert float(uneven.density.sum() / total.sum()) == pytest.approx(1, abs=0.15)
    assert float((uneven.density - found.density).abs().max()) > 0.5


@pytest.mark.parametrize("make", [monte_carlo, reduced_thickness])
def test_no_side_is_before_another(make: Callable[..., Fireballs]):
    """Over many events, x and -x, y and -y are alike, and the short axis lies along the impact parameter."""
    options = {"recentred": False} if make is monte_carlo else {}
    found = make(SMALL, head_on(200) + 5, seeded, COARSE, **options)
    x, y = COARSE.plane()
    seen = found.density[found.participants > 10]
    for axis in (x, y):
        centre = (seen * axis).sum((1, 2)) / seen.sum((1, 2))
        assert abs(float(centre.mean())) < 4 * float(centre.std()) / math.sqrt(len(seen))
    size, angle = eccentricity(seen, COARSE)
    along = size * (2 * angle).cos(), size * (2 * angle).sin()
    assert float(along[0].mean()) > 0.1
    assert abs(float(along[1].mean())) < 4 * float(along[1].std()) / math.sqrt(len(seen))


MAKERS: dict[str, Callable[..., Fireballs]] = {
    "wounded": lambda *a, **k: monte_carlo(*a, share=1.0, **k),
    "mixed, with fluctuations": lambda *a, **k: monte_carlo(*a, share=0.8, gamma=0.9, **k),
    "reduced": reduced_thickness,
    "reduced, harmonic": lambda *a, **k: reduced_thickness(*a, p=-1.0, width=0.7, gamma=None, **k),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("collision", [SMALL, PB_PB])
def test_an_event_is_the_same_in_every_batch(name: str, collision: Collision, monkeypatch: pytest.MonkeyPatch):
    """To the bit: alone, among others, in another order, and where other numbers of events are worked on at a time."""
    grid, b = Grid(37, 0.55), of(0, 9, 2, 4, 6, 15, 3.3, 7, 30)
    whole = MAKERS[name](collision, b, seeded, grid)
    for event in (0, 1, 4, 8):
        alone = MAKERS[name](collision, b[event : event + 1], seeded, grid, events=[event])
        assert all(torch.equal(one[0], every[event]) for one, every in zip(alone, whole, strict=True))
    monkeypatch.setitem(colliding.CHUNK, "cpu", 4 * collision.pairs)
    again = MAKERS[name](collision, b.flip(0), seeded, grid, events=range(8, -1, -1))
    assert all(torch.equal(one.flip(0), every) for one, every in zip(again, whole, strict=True))
    assert int(whole.participants[8]) == 0 and float(whole.density[8].abs().max()) == 0
    assert len({float(one) for one in whole.density.sum((1, 2))}) > 6


@pytest.mark.parametrize("name", MAKERS)
def test_single_precision(name: str):
    b = of(0, 5)
    double = MAKERS[name](SMALL, b, seeded, COARSE)
    single = MAKERS[name](SMALL, b, seeded, Grid(33, 0.55, dtype=torch.float32))
    assert single.density.dtype == torch.float32 and torch.equal(single.participants, double.participants)
    torch.testing.assert_close(single.density.double(), double.density, rtol=0, atol=1e-5 * float(double.density.max()))


# Reduced thickness


def test_means_of_two_thicknesses():
    ta, tb = of(2, 1e-30, 0.3, 5), of(8, 3e-30, 0.3, 0)
    torch.testing.assert_close(generalised_mean(ta, tb, 1), (ta + tb) / 2, rtol=1e-14, atol=0)
    torch.testing.assert_close(generalised_mean(ta, tb, -1), 2 * ta * tb / (ta + tb), rtol=1e-14, atol=0)
    torch.testing.assert_close(generalised_mean(ta, tb, 2), ((ta**2 + tb**2) / 2).sqrt(), rtol=1e-14, atol=0)
    geometric = generalised_mean(ta, tb, 0)
    torch.testing.assert_close(geometric, (ta * tb).sqrt(), rtol=1e-14, atol=0)
    for p in (1e-3, -1e-3, 1e-9, -1e-9):
        torch.testing.assert_close(generalised_mean(ta, tb, p)[:3], geometric[:3], rtol=abs(p) + 1e-14, atol=0)
    every = torch.stack([generalised_mean(ta, tb, p) for p in (-50, -1, -0.1, 0, 0.1, 1, 50)])
    assert torch.isfinite(every).all() and (every[:, :2].diff(dim=0) > 0).all()
    assert float(generalised_mean(of(0), of(0), -1)) == float(generalised_mean(of(0), of(0), 0.5)) == 0
    assert float(generalised_mean(of(0), of(3), -1e-4)) == 0


@pytest.mark.parametrize("x", [1e-8, 0.3, 4.0, 39.0, 41.0, 1e6])
def test_the_exponential_integral(x: float):
    assert ein(x) == pytest.approx(x if x < 1e-6 else special.exp1(x) + math.log(x) + 0.5772156649015329, rel=1e-8)


@pytest.mark.parametrize("width", [0.3, 0.5, 0.9, 2.0])
def test_nucleons_have_their_cross_section(width: float):
    sigma = partonic_cross_section(6.4, width)
    d, weight = line((0.0, 14 * width), 64)
    overlap = torch.exp(-(d**2) / (4 * width**2)) / (4 * math.pi * width**2)
    chance = -torch.expm1(-sigma * overlap)
    assert float((2 * math.pi * d * chance * weight).sum()) == pytest.approx(6.4, rel=1e-10)


def test_collisions_by_chance():
    """As many as int d^2d P_coll(d) T_AB(d) tells."""
    found = reduced_thickness(PB_PB, head_on(100), seeded, POINT, width=0.5)
    sigma = partonic_cross_section(6.4, 0.5)
    exact = overlapping(PB_PB, lambda d: -torch.expm1(-sigma * torch.exp(-(d**2)) / math.pi), 6.0)
    assert float(found.collisions.double().mean()) == pytest.approx(exact, rel=0.02)
    assert float(found.participants.double().mean()) == pytest.approx(float(participants(PB_PB, of(0))), rel=0.02)


def test_reduced_thickness_integrates_to_the_weights():
    grid, b = Grid(61, 0.4), of(0, 3, 6)
    found = reduced_thickness(SMALL, b, seeded, grid, p=1.0, gamma=None)
    torch.testing.assert_close(found.density.sum((1, 2)) * 0.4**2, found.participants.double() / 2, rtol=1e-6, atol=0)
    ordered = [reduced_thickness(SMALL, b, seeded, grid, p=p).density for p in (-1.0, 0.0, 1.0)]
    assert (ordered[0] <= ordered[1] * (1 + 1e-12)).all() and (ordered[1] <= ordered[2] * (1 + 1e-12)).all()


# Fields


def test_gaussians_on_the_grid():
    grid, x, y, weight = Grid(64, 0.25), of(0.3, -1.7)[None], of(-0.2, 1.1)[None], of(2.0, 0.5)[None]
    field = grid.smeared(x, y, weight, 0.4)
    gx, gy = grid.plane()
    exact = sum(w * torch.exp(-((gx - i) ** 2 + (gy - j) ** 2) / 0.32) / (0.32 * math.pi)
                for i, j, w in zip(x[0], y[0], weight[0], strict=True))  # fmt: skip
    torch.testing.assert_close(field[0], torch.as_tensor(exact), rtol=1e-12, atol=1e-15)
    assert float(field.sum()) * 0.25**2 == pytest.approx(2.5, rel=1e-12)
    torch.testing.assert_close(grid.smeared(-x, y, weight, 0.4), field.flip(2), rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(grid.smeared(y, x, weight, 0.4), field.transpose(1, 2), rtol=1e-12, atol=1e-15)
    assert float(Grid(64, 0.4).smeared(x, y, weight, 0.28).sum()) * 0.4**2 == pytest.approx(2.5, rel=3e-4)


def test_gubsers_flow():
    grid, tau, q = Grid(21, 0.4), 1.3, 0.7
    e, ux, uy = gubser(grid, tau, q=q, e0=2.0)[0]
    x, y = grid.plane()
    r = (x**2 + y**2).sqrt()
    v = 2 * q**2 * tau * r / (1 + q**2 * tau**2 + q**2 * r**2)
    bracket = 1 + 2 * q**2 * (tau**2 + r**2) + q**4 * (tau**2 - r**2) ** 2
    torch.testing.assert_close(e, 2 * (2 * q) ** (8 / 3) / (tau ** (4 / 3) * bracket ** (4 / 3)))
    torch.testing.assert_close((ux**2 + uy**2).sqrt(), v / (1 - v**2).sqrt())
    torch.testing.assert_close(ux * y, uy * x)
    page = gubser(Grid(3, 3.0), 1.5)[0, 1, 1, 2], gubser(Grid(3, 1.0), 2.0)[0, 1, 1, 2]
    assert [float(one) for one in page] == pytest.approx([1.082982, 0.894427], abs=2e-6)


def test_shock_tubes_and_spots():
    for n in (6, 7):
        fluid = shock_tube(Grid(n, 0.5, dtype=torch.float32), 3.0, 0.3)
        assert fluid.shape == (1, 3, n, n) and fluid.dtype == torch.float32
        row = [3.0] * (n // 2) + [1.65] * (n % 2) + [0.3] * (n // 2)
        torch.testing.assert_close(fluid[0, 0], torch.tensor(row).expand(n, n))
        assert float(fluid[:, 1:].abs().max()) == 0
    e = spot(Grid(41, 0.2), 10.0, 1.0, (0.4, -0.2))
    assert float(e[0, 19, 22]) == pytest.approx(10) == float(e.max())
    torch.testing.assert_close(still(e)[:, 0], e)


def test_the_eccentricity_of_an_ellipse():
    """(s_y^2 - s_x^2)/(s_x^2 + s_y^2) about its own centre; the angle along its short axis, and it turns with it."""
    grid = Grid(121, 0.2)
    e = torch.cat([spot(grid, 5.0, (1.0, 1.5), (0.7, -0.3)), spot(grid, 2.0, (1.5, 1.0), (-0.5, 0.2))])
    size, angle = eccentricity(e, grid)
    torch.testing.assert_close(size, of(1.25, 1.25) / 3.25, rtol=1e-9, atol=0)
    assert float(angle[0]) == pytest.approx(0, abs=1e-9) and abs(float(angle[1])) == pytest.approx(math.pi / 2)
    assert float(eccentricity(e, grid, 3).size.max()) < 1e-9
    single = eccentricity(e.float(), Grid(121, 0.2, dtype=torch.float32))
    torch.testing.assert_close(single.size.double(), size, rtol=1e-5, atol=0)
    x, y = grid.plane()
    u, v = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x
    turned = eccentricity(torch.exp(-(u**2 + v**2 / 2.25) / 2)[None], grid)
    assert float(turned.angle) == pytest.approx(math.atan2(0.6, 0.8), abs=1e-9)
    assert torch.isnan(eccentricity(torch.zeros_like(e), grid).size).all()


def test_triangularity():
    """exp(-r^2/2) (1 + a r^3 cos 3(phi - phi_0)): eps_3 = a <r^6>/(2 <r^3>), <r^6> = 48, <r^3> = 3 sqrt(pi/2)."""
    grid, a, turn = Grid(121, 0.2), -0.02, 0.3
    x, y = grid.plane()
    z3 = torch.complex(x - 0.4, y + 0.2) ** 3 * torch.polar(of(1), of(-3 * turn))
    e = torch.exp(-((x - 0.4) ** 2 + (y + 0.2) ** 2) / 2) * (1 + a * z3.real)
    size, angle = eccentricity(e[None], grid, 3)
    assert float(size) == pytest.approx(0.02 * 48 / (6 * math.sqrt(math.pi / 2)), rel=1e-3)  # a cusp of r^3 at 0
    assert float(angle) == pytest.approx(turn, abs=1e-6)


# Centrality


def test_impact_parameters():
    b = impact_parameters(range(4000), seeded, 12.0, 5.0)
    assert float(b.min()) >= 5 and float(b.max()) < 12
    for edge in (7.0, 9.0, 11.0):
        assert float((b < edge).double().mean()) == pytest.approx((edge**2 - 25) / (144 - 25), abs=0.03)
    assert torch.equal(impact_parameters([7], seeded, 12.0, 5.0), b[7:8])


def test_classes_by_impact_parameter():
    b = of(0, 3.29, 3.3, 7, 12.49, 12.5, 20)
    assert AU_CENTRALITY.of(b).tolist() == [0, 0, 1, 4, 8, -1, -1] and len(AU_CENTRALITY) == 9
    assert AU_CENTRALITY.between(20, 30) == (6.7, 8.2) and PB_CENTRALITY.between(0, 5) == (0, 3.54)
    # b^2 follows the percents of what is not peripheral
    for table in (AU_CENTRALITY, PB_CENTRALITY):
        area = of(*table.edges[1:]) ** 2 / of(*table.percent[1:])
        assert float(area.max() / area.min()) < 1.04


def test_percentiles_of_the_inelastic_cross_section():
    """The edges of the page, which it gives to 0.01 and to 0.1 fm; and its ends."""
    lead, gold = (percentile(one, of(*table.percent)) for one, table in
                  ((PB_PB, PB_CENTRALITY), (AU_AU, AU_CENTRALITY)))  # fmt: skip
    torch.testing.assert_close(lead, of(*PB_CENTRALITY.edges), rtol=3e-3, atol=0)
    torch.testing.assert_close(gold, of(*AU_CENTRALITY.edges), rtol=0, atol=0.06)
    rims = percentile(PB_PB, of(90, 99.9, 100))
    assert (rims.diff() > 0).all() and 14 < float(rims[0]) < 16 and float(rims[2]) < 2 * PB.reach
    assert float(percentile(PB_PB, of(7.3)) ** 2 / lead[1] ** 2) == pytest.approx(1.46, rel=1e-3)  # b db


def test_what_is_left_behind_is_the_integral_of_the_density():
    grid, b = Grid(61, 0.4), of(0, 5, 9, 30)
    found = left_behind(SMALL, b, seeded, gamma=1.4)
    density = monte_carlo(SMALL, b, seeded, grid, gamma=1.4).density
    torch.testing.assert_close(found, density.sum((1, 2)) * 0.4**2, rtol=1e-5, atol=0)
    assert float(found[3]) == 0 < float(found[2])


def test_classes_by_entropy():
    b = impact_parameters(range(600), seeded, 11.0)
    events = reduced_thickness(SMALL, b, lambda event: seeded(10_000 + event), COARSE)
    total = events.density.sum((1, 2))
    table = by_entropy(total, (0, 5, 10, 20, 40, 100))
    found, seen = table.of(total), int((events.participants > 0).sum())
    shares = [int((found == one).sum()) / seen for one in range(5)]
    assert shares == pytest.approx([0.05, 0.05, 0.1, 0.2, 0.6], abs=2 / seen)
    assert (found[events.participants == 0] == -1).all() and seen < 600
    means = [float(b[found == one].mean()) for one in range(5)]
    assert means == sorted(means)
    assert table.of(of(1e9, 0)).tolist() == [0, -1]


# Devices, and what is refused


class Sent(Pretend):
    """Also sends tensors to the device and lines them up there, which a build without CUDA refuses."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.contiguous:
            return args[0].clone()
        if func is not torch.Tensor.to:
            return super().__torch_function__(func, types, args, kwargs)
        x, *where = args
        to = {"device": x.device, "dtype": x.dtype}
        for one in where:
            if isinstance(one, torch.dtype):
                to["dtype"] = one
            else:
                to |= {"device": one.device, "dtype": one.dtype} if isinstance(one, Tensor) else {"device": one}
        return torch.ops.aten._to_copy(x, **to)


def test_everything_stays_on_the_device(monkeypatch: pytest.MonkeyPatch):
    """Draws go there and nothing comes back."""
    grid, warm = Grid(16, 0.5, "cuda", torch.float32), Grid(16, 0.5)
    reduced_thickness(SMALL, head_on(1), seeded, warm)  # fills the tables outside of what is pretended
    monkeypatch.setattr(colliding, "check", lambda b: None)  # reads b, which is the caller's
    with FakeTensorMode(allow_non_fake_inputs=True), Sent(), Crossings() as crossings:
        found = reduced_thickness(SMALL, torch.zeros(2), seeded, grid)
        shape = eccentricity(found.density, grid)
        flow = gubser(grid, 1.0)
    assert crossings.count > 60 and all(one.device.type == "cuda" for one in (*found, *shape, flow))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", MAKERS)
def test_cuda_equals_cpu(name: str):
    b = of(0, 5, 30)
    here, there = (MAKERS[name](PB_PB, b, seeded, Grid(33, 0.55, device)) for device in ("cpu", "cuda"))
    assert torch.equal(there.participants.cpu(), here.participants)
    torch.testing.assert_close(there.density.cpu(), here.density, rtol=1e-9, atol=1e-12)


def shared(one: torch.Generator) -> Callable[[int], torch.Generator]:
    return lambda event: one


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no nucleons": (lambda: Nucleus("none", 0, 1.0, 0.5), "at least 1 nucleon"),
    "no diffuseness": (lambda: Nucleus("sharp", 12, 2.0, 0.0), "positive radius"),
    "no cross section": (lambda: Collision(AU, AU, 0.0), "cross section"),
    "no cells": (lambda: Grid(0, 0.3), "at least 1 cell"),
    "whole numbers": (lambda: Grid(4, 0.3, dtype=torch.int64), "floating"),
    "large cells": (lambda: monte_carlo(SMALL, of(0), seeded, Grid(9, 1.0)), "choose dx <= 0.571"),
    "b not finite": (lambda: participants(SMALL, of(math.nan)), "finite"),
    "no b": (lambda: optical(SMALL, torch.zeros(0), COARSE), "at least one event"),
    "share": (lambda: optical(SMALL, of(0), COARSE, share=1.1), "0 ... 1"),
    "peak": (lambda: optical(SMALL, of(0), COARSE, peak=0.0), "positive energy density"),
    "events": (lambda: monte_carlo(SMALL, of(0, 1), seeded, COARSE, events=[1]), "give each event one"),
    "gamma": (lambda: monte_carlo(SMALL, of(0), seeded, COARSE, gamma=0.0), "None for no fluctuations"),
    "one generator": (lambda: monte_carlo(SMALL, of(0, 1), shared(seeded(0)), COARSE), "fresh generator"),
    "p": (lambda: reduced_thickness(SMALL, of(0), seeded, COARSE, p=math.inf), "finite power"),
    "small nucleons": (lambda: partonic_cross_section(6.4, 0.01), "wider"),
    "tau": (lambda: gubser(COARSE, 0.0), "tau = 0"),
    "shock": (lambda: shock_tube(COARSE, 1.0, 0.0), "right = 0"),
    "spot": (lambda: spot(COARSE, 1.0, (1.0, -1.0)), "width = -1"),
    "first moment": (lambda: eccentricity(torch.ones(1, 33, 33), COARSE, 1), "choose 2"),
    "other grid": (lambda: eccentricity(torch.ones(1, 3, 3), COARSE), r"give \[event, 33, 33\]"),
    "interval": (lambda: impact_parameters([0], seeded, 1.0, 1.0), "b_min < b_max"),
    "edges": (lambda: Centrality((0, 5, 10), (0, 3)), "as many edges"),
    "disorder": (lambda: Centrality((0, 5, 10), (0, 3, 2)), "ordered"),
    "percentile": (lambda: percentile(PB_PB, of(50, 101)), "0 ... 100"),
    "percents": (lambda: AU_CENTRALITY.between(3, 10), "choose two of 0, 5, 10"),
    "few events": (lambda: by_entropy(torch.ones(99)), "at least 100"),
    "narrow classes": (lambda: by_entropy(torch.ones(200)), "wider classes"),
    "no beginning": (lambda: by_entropy(torch.rand(200), (5, 10)), "begin with 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(name: str):
    attempt, cure = REFUSED[name]
    with pytest.raises(ValueError, match=cure):
        attempt()


def test_draws_follow_each_other():
    one, again = generators(seeded, [4]), generators(seeded, [4])
    both = torch.cat([uniforms(one, 3), uniforms(one, 2, 2).flatten(1)], 1)
    torch.testing.assert_close(both, uniforms(again, 7), rtol=0, atol=0)
