"""Relativistic hydrodynamics of heavy-ion collisions, 2+1-D and boost-invariant."""
