"""Relativistic hydrodynamics of heavy-ion collisions, 2+1-D and boost-invariant: ``evolve`` is the solver by itself."""

from jupyter_phys.physics.hydro.evolution import evolve

__all__ = ["evolve"]
