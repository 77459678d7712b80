"""Every notebook runs, shows its readings as plain data and is stored without outputs; exercises judge fairly."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_phys.core import instrument

ROOT = Path(__file__).parents[1] / "notebooks"
READING = "application/vnd.jupyter-phys.reading.v1+json"
SIGNS_OF_WIDGETS = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
NOTEBOOKS = sorted(path for path in ROOT.rglob("*.ipynb") if not path.parent.name.startswith("."))
QUESTIONS = {
    "10_entropy": ("1a", "1b", "1c", "2a", "2b", "3a", "3b"),
    "20_probe": ("1a", "1b", "2a", "2b", "3a", "3b"),
    "60_eos": ("1a", "1b", "2a", "2b", "2c", "3a", "3b"),
}
SETUP = {
    "10_entropy": ("setup", "judge", "tone", "head"),
    "20_probe": ("setup", "judge", "networks", "watched"),
    "60_eos": ("setup", "judge", "cooled", "gas", "scaled"),
}
# by the readings of a magic
TOLD = {"%entropy": "ΔS (nat)", "%probe": "Δx·Δp", "%eos": "dN/dy", "%eos predict": "probability"}

Cell = Any

every_course = pytest.mark.parametrize("course", QUESTIONS)
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(notebook: Any) -> list[Cell]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def by_id(path: Path) -> dict[str, str]:
    return {cell.id: cell.source for cell in code(read(path))}


def ran(notebook: Any, folder: Path) -> Any:
    """The notebook with its outputs; an error in any cell is raised here."""
    # a kernel as a user has it, but for IPython's start-up files; one thread, because tests run side by side
    env = {**os.environ, "IPYTHONDIR": str(folder / ".ipython"), "OMP_NUM_THREADS": "1"}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=env, cwd=str(folder))
    return notebook


def ran_cells(sources: list[str], folder: Path) -> list[str]:
    """What each of some cells printed."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return [printed(cell) for cell in ran(nbformat.v4.new_notebook(cells=cells), folder).cells]


def printed(cell: Cell, stream: str = "stdout") -> str:
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == stream)


def files() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


@every_notebook
def test_notebooks_are_stored_without_outputs(path: Path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}, "no widget state, nothing about a machine"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in code(notebook):
        assert not cell.outputs and cell.execution_count is None


@every_notebook
def test_notebooks_run_and_show_their_readings(path: Path, tmp_path: Path):
    before = files()
    notebook = ran(read(path), tmp_path)
    assert files() == before
    assert "widgets" not in notebook.metadata
    for cell in code(notebook):
        bundles = [out.data for out in cell.outputs if "data" in out]
        assert not [out for out in cell.outputs if out.output_type == "error"]
        assert not [mime for bundle in bundles for mime in bundle if mime in SIGNS_OF_WIDGETS]
        assert printed(cell, "stderr") == "", "nothing red on the page"
        used = [one for one in TOLD if cell.source.startswith((one, f"%{one}"))]
        for magic in sorted(used, key=len)[-1:]:
            (bundle,) = [bundle for bundle in bundles if READING in bundle]
            assert {"text/plain", "text/html", "image/png", READING} <= set(bundle)
            assert len(json.dumps(bundle[READING])) <= 256_000
            assert TOLD[magic] in bundle["text/plain"]
    if (course := path.stem.removesuffix("_exercises")) != path.stem:
        said = {cell.id: printed(cell) for cell in code(notebook) if cell.id.startswith("check-")}
        assert said == {f"check-{question}": f"{question}: not answered yet.\n" for question in QUESTIONS[course]}


@pytest.mark.parametrize(
    ("stem", "magic", "least"),
    [
        ("00_first_reading", "%entropy", 4),
        ("10_entropy", "%entropy", 6),
        ("20_probe", "%probe", 6),
        ("60_eos", "%eos", 8),
    ],
)
def test_tutorials_use_the_magic(stem: str, magic: str, least: int):
    used = [cell for cell in code(read(ROOT / f"{stem}.ipynb")) if magic in cell.source]
    assert len(used) >= least


def test_the_tutorials_that_instruments_name_are_there():
    for name in instrument.packages():
        tutorial = instrument.find(name).card.tutorial
        assert not tutorial or (ROOT / f"{tutorial}.ipynb").is_file()


def exercises(course: str, kind: str = "exercises") -> Path:
    return ROOT / "teaching" / f"{course}_{kind}.ipynb"


@every_course
def test_solutions_answer_every_question_of_the_exercises(course: str):
    asked, solved = by_id(exercises(course)), by_id(exercises(course, "solutions"))
    answers = {f"answer-{question}" for question in QUESTIONS[course]}
    assert {name for name in asked if name.startswith("answer-")} == answers
    for name, source in asked.items():
        assert name in solved
        assert (solved[name] == source) == (name not in answers), name
        assert ("..." in source) >= (name in answers)


CHOOSE = """
exponents = [0, 0.5, 1, 2, 3, 4, 6, 8, 12]


def choose(image, rate, scale):
    data = jp.entropy("polynomial", p=exponents, rate=rate, kind="mri", signal=image, scale=scale, **numbers).data
    delta, psnr = data["delta_S"].values[:, 0], data["psnr"].values[:, 0]
    return {}
"""
WRONG: dict[str, list[tuple[str, str, str]]] = {}
WRONG["10_entropy"] = [
    ("1a", "tone_answer = {2: 1, 4: 2, 16: 4}", "bits"),
    ("1a", "tone_answer = {2: -math.log(2), 4: -math.log(4), 16: -math.log(16)}", "sign"),
    ("1a", "tone_answer = {2: 2, 4: 4, 16: 16}", "log scale"),
    ("1a", "tone_answer = {2: 0.693, 4: 1.386, 16: 2.5}", "M = 16"),
    ("1a", "tone_answer = {2: 0.693, 4: ..., 16: 2.773}", "not answered yet"),
    ("1a", "tone_answer = {2: 0.693}", "could not be checked"),
    ("1a", "tone_answer = 'ln M'", "could not be checked"),
    ("1a", "tone_answer = {2: math.nan, 4: math.nan, 16: math.nan}", "M = 2"),
    ("1b", "image_answer = math.log(6)", "add, or multiply"),
    ("1b", "image_answer = math.log(4)", "one of the two axes"),
    ("1b", "image_answer = 3", "nats"),
    ("1b", "image_answer = 8", "Count the copies"),
    ("1c", "deficit_answer = 0", "Do they fit"),
    ("1c", "deficit_answer = math.log(2)", "ΔS itself"),
    ("1c", "deficit_answer = math.log(8)", "half full"),
    ("1c", "deficit_answer = -1", "How many bins"),
    ("2a", "crossover_answer = 0.8", "in samples"),
    ("2a", "crossover_answer = 8", "wider"),
    ("2a", "crossover_answer = 20", "narrower"),
    ("2a", "crossover_answer = 1000", "well inside"),
    ("2a", "crossover_answer = 'thirteen'", "is not a number"),
    *[("2b", f"reason_answer = {letter!r}", hint) for letter, hint in
      [("A", "retained energy"), ("b", "deficit"), ("D", "rate"), ("because", "one letter")]],
    ("3a", CHOOSE.format("exponents[delta.argmin()], exponents[psnr.argmax()]"), "most negative"),
    ("3a", CHOOSE.format("exponents[abs(delta).argmax()], exponents[psnr.argmax()]"), "not yet"),
    ("3a", CHOOSE.format("int(abs(delta).argmin()), int(psnr.argmax())"), "places in the list"),
    ("3a", CHOOSE.format("exponents[psnr.argmax()], exponents[abs(delta).argmin()]"), "other order"),
    ("3a", CHOOSE.format("[3, 3]"), "Return two"),
    ("3a", CHOOSE.format("3, 3"), "On another image"),
    ("3a", CHOOSE.format("1 / 0"), "division by zero"),
    ("3b", "lost_answer = {2: -2.9, 8: 0}", "positive"),
    ("3b", "lost_answer = {2: 23.17, 8: 26.07}", "difference"),
]  # fmt: skip
RIGHT: dict[str, list[tuple[str, str]]] = {}
RIGHT["10_entropy"] = [
    ("1a", "tone_answer = {2: 0.693, 4: 1.386, 16: 2.773}"),
    ("1b", "image_answer = 2.06"),
    ("1c", "deficit_answer = 1.42"),
    ("2a", "crossover_answer = 12.5"),
    ("2a", "crossover_answer = np.float64(13.5)"),
    ("2b", "reason_answer = 'c'"),
    ("3a", CHOOSE.format("exponents[np.argmin(abs(delta))], exponents[np.argmax(psnr)]")),
    ("3b", "lost_answer = {8: 0.0, 2: 2.9}"),
]  # fmt: skip


DIVIDED = 'divided_answer = {{"factor": {}, "rise": {}, "reason": {!r}}}'
AFTER = """
def after_best(reading):
    data = reading.data.squeeze("subject")
    pgd, width = data["accuracy"].sel(attack="pgd").values, data["delta_p"].values
    best, clean = pgd.argmax(), data["accuracy"].sel(attack="clean").values.argmax()
    return {}
"""
WRONG["20_probe"] = [
    ("1a", 'product_answer = {"n = 3": 3, "wide": 0.5, "shifted": 0.5}', "lowest state"),
    ("1a", 'product_answer = {"n = 3": 2.5, "wide": 0.5, "shifted": 0.5}', "Count the zeros"),
    ("1a", 'product_answer = {"n = 3": 3.5, "wide": 2.5, "shifted": 0.5}', "happens to the slope"),
    ("1a", 'product_answer = {"n = 3": 3.5, "wide": 0.5, "shifted": 3}', "from the mean"),
    ("1a", 'product_answer = {"n = 3": 3.5, "wide": ..., "shifted": 0.5}', "not answered yet"),
    ("1a", "product_answer = 0.5", "could not be checked"),
    ("1b", "bound_answer = 0.5", "vanishes at both ends"),
    ("1b", "bound_answer = 1", "mean of x away"),
    ("1b", "bound_answer = -1/8", "modulus"),
    ("1b", "bound_answer = 0.1677", "product itself"),
    ("2a", "chirp_answer = 4", "¼ of the Gaussian"),
    ("2a", "chirp_answer = 3", "Mind the squares"),
    ("2a", "chirp_answer = -1", "b > 0"),
    ("2a", "chirp_answer = 1.0", "the product is 0.559"),
    ("2b", "def flat(x):\n    return 0 * x[:, 0] + 1", "less than tenfold"),
    ("2b", "def flat(x):\n    return x", "one value an input"),
    ("2b", "def flat(x):\n    return x[:, 0]", "positive"),
    ("2b", "def flat(x):\n    return 0.1 + 2 * torch.sigmoid(20 * (x[:, 0] - 0.5))", "excess is"),
    ("3a", DIVIDED.format(0.04, 0.1, "C"), "other way round"),
    ("3a", DIVIDED.format(10, 0.1, "C"), "The factor"),
    ("3b", AFTER.format("int(data['epoch'][clean]), pgd[best] - pgd[-1], width[-1] / width[best]"), "*clean*"),
    ("3b", AFTER.format("int(data['epoch'][best]), pgd[-1] - pgd[best], width[-1] / width[best]"), "as positive"),
    ("3b", AFTER.format("int(data['epoch'][best])"), "three numbers"),
]  # fmt: skip
RIGHT["20_probe"] = [
    ("1a", 'product_answer = {"shifted": 0.5, "wide": 0.5, "n = 3": 3.5}'),
    ("1b", "bound_answer = np.float64(0.125)"),
    ("2a", "chirp_answer = 3.46"),
    ("2b", "def flat(x):\n    return torch.exp(-3 * x[:, 0])"),
    ("3b", AFTER.format("int(data['epoch'][best]), float(pgd[best] - pgd[-1]), float(width[-1] / width[best])")),
]


COEXIST = 'coexist_answer = {{"first_order": 9.34, "crossover": 8.78, "reason": {}}}'
NULL = 'null_answer = {{"low": {}, "high": {}, "leak": {}, "spectra": {}, "pairs": {}}}'
ROWS = "def balanced(number, label):\n    return {}"
THIN = """
def balanced(number, label):
    bins = np.floor(np.log(number) / {}).astype(int)
    rows = [[np.flatnonzero((bins == one) & (label == k)) for k in (0, 1)] for one in np.unique(bins)]
    return {}([row[: min(map(len, pair))] for pair in rows for row in pair])
"""
WRONG["60_eos"] = [
    ("1a", 'power_answer = {"plasma": 1, "gas": 7 / 6, "T of the plasma": 1 / 3}', "matter without pressure"),
    ("1a", 'power_answer = {"plasma": 4 / 3, "gas": 1 / 6, "T of the plasma": 1 / 3}', "the work alone"),
    ("1a", 'power_answer = {"plasma": 4 / 3, "gas": 7 / 6, "T of the plasma": 4 / 3}', "that is its energy density"),
    ("1a", 'power_answer = {"plasma": -4 / 3, "gas": -7 / 6, "T of the plasma": -1 / 3}', "positive number"),
    ("1a", 'power_answer = {"plasma": 4 / 3, "gas": 1.5, "T of the plasma": 1 / 3}', "gas: put p = ce"),
    ("1a", 'power_answer = {"plasma": 4 / 3, "gas": ..., "T of the plasma": 1 / 3}', "not answered yet"),
    ("1a", "power_answer = 4 / 3", "could not be checked"),
    ("1b", "viscous_answer = 0.76", "stays hotter"),
    ("1b", "viscous_answer = 1.07", "the temperature"),
    ("1b", "viscous_answer = 1.226", "the entropy"),
    ("1b", "viscous_answer = 1.161", "η/s = 0.08"),
    ("1b", "viscous_answer = 0.609 + 1", "Ask the solver twice"),
    ("1b", "viscous_answer = math.nan", "Ask the solver twice"),
    ("2a", 'coexist_answer = {"first_order": 10.36, "crossover": 8.78, "reason": "C"}', "it is not zero"),
    ("2a", 'coexist_answer = {"first_order": 9.34, "crossover": 7.6, "reason": "C"}', "softer"),
    ("2a", 'coexist_answer = {"first_order": 6.34, "crossover": 5.78, "reason": "C"}', "counted from"),
    ("2a", 'coexist_answer = {"first_order": 9.34, "crossover": 9.34, "reason": "C"}', "it has 0.45"),
    *[("2a", COEXIST.format(letter), hint) for letter, hint in
      [("'a'", "same energy densities"), ("'B'", "carried along"), ("'D'", "True in a collision"), (3, "one letter")]],
    ("2b", 'flow_answer = {"round": 0.17, "almond": 0.174, "dust": 0.031}', "from every side"),
    ("2b", 'flow_answer = {"round": 0, "almond": 0.0474, "dust": 0.031}', "Divide it by the ellipticity"),
    ("2b", 'flow_answer = {"round": 0, "almond": 5.75, "dust": 0.031}', "other way round"),
    ("2b", 'flow_answer = {"round": 0, "almond": 0.174, "dust": 0}', "not quite zero"),
    ("2b", 'flow_answer = {"round": 0, "almond": 0.174, "dust": 0.174}', "What pushes?"),
    ("2b", 'flow_answer = {"round": 0, "almond": 0.24, "dust": 0.031}', "gas(0.333)"),
    ("2c", 'frozen_answer = {"crossover": 0.637, "PCE165": 0.277, "T": 0.1066}', "massless quarks"),
    ("2c", 'frozen_answer = {"crossover": 0.122, "PCE165": 0.122, "T": 0.137}', "more pions left"),
    ("2c", 'frozen_answer = {"crossover": 0.122, "PCE165": 0.3, "T": 0.1066}', "for e"),
    ("2c", 'frozen_answer = {"crossover": 0.122, "PCE165": 0.277, "T": 106.6}', "in GeV"),
    ("2c", 'frozen_answer = {"crossover": 0.122, "PCE165": 0.277, "T": 0.137}', "into the fit"),
    ("3a", ROWS.format("np.arange(len(label))"), "distributions are"),
    ("3a", ROWS.format("number > 60"), "whole numbers"),
    ("3a", ROWS.format("number / number.max()"), "whole numbers"),
    ("3a", ROWS.format("np.zeros(400, int)"), "Every event once"),
    ("3a", ROWS.format("np.flatnonzero(label == 1)"), "of one class"),
    ("3a", THIN.format(1.5, "np.concatenate"), "bin by bin"),
    ("3a", THIN.format(0.05, "(lambda rows: np.concatenate(rows)[::3])"), "could be"),
    ("3b", NULL.format(0.488, 0.762, False, 1063, 2126), "at the share that is tried"),
    ("3b", NULL.format(0.555, 0.695, False, 1063, 2126), "68 %"),
    ("3b", NULL.format(0.4, 0.748, False, 1063, 2126), "below 30/48"),
    ("3b", NULL.format(0.484, 0.748, True, 1063, 2126), "once in eighteen"),
    ("3b", NULL.format(0.484, 0.748, "'no'", 1063, 2126), "True or False"),
    ("3b", NULL.format(0.484, 0.748, False, 278, 556), "one standard error"),
    ("3b", NULL.format(0.484, 0.748, False, 4268, 8536), "3 % wide in all"),
    ("3b", NULL.format(0.484, 0.748, False, 500, 1000), "± 4.4%"),
    ("3b", NULL.format(0.484, 0.748, False, 1063, 532), "one observation"),
    ("3b", NULL.format(0.484, 0.748, False, 1063, 1063), "one observation"),
    ("3b", NULL.format(0.484, 0.748, False, 1063, 4252), "two for each"),
]  # fmt: skip
RIGHT["60_eos"] = [
    ("1a", 'power_answer = {"T of the plasma": 0.333, "gas": np.float64(1.167), "plasma": 1.333}'),
    ("1b", "viscous_answer = 1.32"),
    ("2a", 'coexist_answer = {"first_order": 9.3, "crossover": 8.8, "reason": "c"}'),
    ("2b", 'flow_answer = {"round": 1e-9, "almond": 0.17, "dust": 0.032}'),
    ("2c", 'frozen_answer = {"crossover": 0.1223, "PCE165": 0.277, "T": 0.1066}'),
    ("3a", THIN.format(0.03, "np.concatenate")),
    ("3b", NULL.format(0.484, 0.748, False, 1068, 2136)),
]


def judged(course: str, answers: list[tuple[str, str]], folder: Path) -> list[str]:
    """What the checking cells say to these answers."""
    cells = by_id(exercises(course))
    setup = [cells[name] for name in SETUP[course]]
    pairs = [source for question, answer in answers for source in (answer, cells[f"check-{question}"])]
    return ran_cells([*setup, *pairs], folder)[len(setup) + 1 :: 2]


@every_course
def test_wrong_answers_get_a_hint_and_right_ones_are_accepted_however_they_were_found(course: str, tmp_path: Path):
    wrong = [(question, answer) for question, answer, _ in WRONG[course]]
    said = judged(course, wrong + RIGHT[course], tmp_path)
    for (question, answer, hint), words in zip(WRONG[course], said, strict=False):
        assert words.startswith((f"{question}: not yet. ", f"{question}: not answered yet.")), (answer, words)
        assert hint in words, (answer, words)
    assert said[len(wrong) :] == [f"{question}: right.\n" for question, _ in RIGHT[course]]
