"""Attacks on the answers of a network."""
