"""What things cost beside their peers: ``make bench``. No test asserts a time; RESULTS.md holds what was seen."""
