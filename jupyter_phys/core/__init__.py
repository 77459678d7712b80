"""How a measurement runs: settings → run or sweep → reading. Knows no physics and no Jupyter."""
