"""Constants of nature in the units of heavy-ion physics: GeV and fm."""

HBARC = 0.1973270  # GeV fm
