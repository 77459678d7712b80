"""Physics in torch that two or more instruments share: no options, no notebook."""
