"""Packets and their moments."""
