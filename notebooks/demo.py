"""Run a notebook without a browser; write it as one HTML file, figures inside, and its readings as text beside it.

python notebooks/demo.py notebooks/00_first_reading.ipynb build/first_reading.html
"""

import sys
import textwrap
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter


def main(source: Path, target: Path) -> None:
    notebook = nbformat.read(source, as_version=4)
    target.parent.mkdir(parents=True, exist_ok=True)
    # the kernel of this very Python, whatever kernels the user has and the notebook asks for
    where = {"metadata": {"path": str(target.parent)}}
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where)
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"{source} stopped at an error:\n{error}")
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    target.with_suffix(".txt").write_text("".join(map(as_terminal, cells)), encoding="utf-8")
    target.write_text(HTMLExporter(embed_images=True).from_notebook_node(notebook)[0], encoding="utf-8")


def as_terminal(cell: nbformat.NotebookNode) -> str:
    """A cell as a terminal would show it: what was typed, then what came back."""
    said = [text for output in cell.outputs if (text := as_text(output))]
    return "\n".join([textwrap.indent(cell.source, "> "), *said, "", ""]) if said else ""


def as_text(output: nbformat.NotebookNode) -> str:
    return (output.get("text") or output.get("data", {}).get("text/plain", "")).rstrip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
