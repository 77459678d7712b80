"""Reads an equation of state off spectra: examples, classifiers, how they are judged, and what they look at.

`saved.load(path)` gives back a network that `%eos meter ... save="meter.pt"` has put into a file.
"""
