"""Where it is seen: the only folder that knows Jupyter."""
