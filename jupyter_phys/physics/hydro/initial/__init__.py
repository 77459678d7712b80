"""Initial states of heavy-ion collisions, many events at once. GeV and fm; fields are [event, y, x]."""
