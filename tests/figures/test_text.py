"""Plain text: aligned columns, notes, and the names of the plots."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from jupyter_phys.figures.mark import Axis
from jupyter_phys.figures.panel import Note, Plot, Table
from jupyter_phys.figures.text import render

MASKS = Table(
    "Masks at rate 0.25",
    ["mask", "ΔS (nats)", "note"],
    [["periodic", "0.6931(90)", "aliases"], ["random, x̂ axis", "0.12(3)", None], ["直線", float("nan"), ""]],
    note="Errors are standard errors.",
)


def columns(text: str) -> int:
    """Columns of a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def starts(text: str, found: str) -> int:
    line = next(line for line in text.splitlines() if found in line)
    return columns(line[: line.index(found)])


def ends(text: str, found: str) -> int:
    return starts(text, found) + columns(found)


def test_columns_line_up_with_accents_and_wide_characters():
    text = render("Entropy", [MASKS])
    assert starts(text, "note") == starts(text, "aliases")
    assert ends(text, "ΔS (nats)") == ends(text, "0.6931(90)") == ends(text, "0.12(3)") == ends(text, "not measured")


def test_title_notes_plots_and_caption_are_there():
    axis = Axis("x")
    plots = [Plot("Curve", axis, axis, []), Plot("Map", axis, axis, [])]
    text = render("Entropy", [MASKS, *plots], [Note("warning", "s is outside its range"), Note("note", "Seed 0")])
    lines = text.splitlines()
    assert lines[0] == "Entropy"
    assert "Warning: s is outside its range" in lines and "Note: Seed 0" in lines
    assert "Plots: Curve; Map" in lines
    assert any("Errors are standard errors." in line for line in lines)


def test_long_cells_and_notes_wrap():
    table = Table("t", ["name", "why"], [["mask", "because " * 40], ["x", "short"]])
    text = render("t", [table], [Note("note", "a sentence that goes on " * 10)])
    assert max(columns(line) for line in text.splitlines()) <= 100
    assert text.count("because") == 40


def test_numbers_stay_whole_in_narrow_columns():
    columns = [f"quantity {k} (input)" for k in range(9)]
    cells = [f"0.{k}008098(86)" for k in range(9)]
    text = render("", [Table("", columns, [cells])])
    assert all(one in text for one in cells)


def test_long_tables_say_how_much_is_left_out():
    text = render("", [Table("Nuclei", ["Z"], [[z] for z in range(500)])])
    assert "… and 440 more rows" in text and len(text.splitlines()) < 70


def test_nothing_gives_nothing_and_empty_tables_do_no_harm():
    assert render("", []) == ""
    assert "Empty" in render("", [Table("Empty", ["a", "b"], [])])
    assert "No columns" in render("", [Table("No columns", [], [])])


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=4), st.text())
def test_no_text_can_steer_the_terminal(rows, title):
    text = render(title, [Table(title, ["a", "b"], rows, note=title)], [Note("note", title)])
    assert not any(unicodedata.category(char) == "Cc" for char in text.replace("\n", ""))
