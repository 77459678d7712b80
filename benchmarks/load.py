"""How long %load_ext takes in a fresh interpreter (aim: under 0.3 s), and what it imports."""

import json
import statistics
import subprocess
import sys

RUNS = 7
HEAVY = ("torch", "matplotlib", "xarray", "pandas", "scipy", "pydantic")
CODE = f"""
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
shell.run_line_magic("load_ext", "jupyter_phys")
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


def main() -> None:
    seen = [json.loads(subprocess.check_output([sys.executable, "-c", CODE])) for _ in range(RUNS)]
    seconds = [one for one, _ in seen]
    print(f"%load_ext jupyter_phys: median {statistics.median(seconds):.3f} s, worst {max(seconds):.3f} s of {RUNS}")
    print(f"heavy modules imported: {', '.join(seen[0][1]) or 'none'}")


if __name__ == "__main__":
    main()
