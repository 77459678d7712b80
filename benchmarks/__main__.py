"""Run every benchmark of this folder, or those named; ``--write`` puts what they print into RESULTS.md.

python -m benchmarks [--write] [name ...]
"""

import argparse
import contextlib
import importlib
import io
import os
import pkgutil
import platform
import sys
from datetime import date
from pathlib import Path

from jupyter_phys.core.record import versions

HERE = Path(__file__).parent
HEAD = """# Measured

What `make bench` printed, on one machine at one time. Ratios are medians of interleaved pairs in one process; absolute
times are of that machine. Run it on yours.
"""


class Tee(io.StringIO):
    """Keeps what is printed, and prints it."""

    def write(self, text: str) -> int:
        sys.__stdout__.write(text)  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
        return super().write(text)


def machine() -> str:
    """Processor, cores and versions in a line."""
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    said = ", ".join(f"{name} {version}" for name, version in versions().items())
    processor = names[0] if names else platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}; {said}; {date.today()}"


def run(name: str) -> str:
    """What a benchmark printed, as a section."""
    module = importlib.import_module(f"benchmarks.{name}")
    title = (module.__doc__ or name).strip().splitlines()[0]
    print(f"\n## {name}\n\n{title}\n")
    with contextlib.redirect_stdout(Tee()) as said:
        module.main()
    return f"\n## {name}\n\n{title}\n\n```\n{said.getvalue().rstrip()}\n```\n"


def main() -> None:
    known = [one.name for one in pkgutil.iter_modules([str(HERE)]) if not one.name.startswith("_")]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(known)}; none: all")
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    asked = parser.parse_args()
    print(machine())
    sections = [run(name) for name in asked.names or known]
    if asked.write:
        (HERE / "RESULTS.md").write_text(f"{HEAD}\n{machine()}\n{''.join(sections)}", encoding="utf-8")


if __name__ == "__main__":
    main()
