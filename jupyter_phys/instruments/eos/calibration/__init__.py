"""Known answers of %eos."""

CASES = ()
