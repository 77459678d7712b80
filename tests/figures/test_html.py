"""HTML: everything escaped, described and self-contained."""

import math
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_phys.figures import paper
from jupyter_phys.figures.html import css_size, render
from jupyter_phys.figures.mark import Axis, Line
from jupyter_phys.figures.panel import Note, Plot, Table

EVIL = "<img src=x onerror=\"alert('1')\"> & </style><script>alert(2)</script>"


class Page(HTMLParser):
    """Tags with their attributes and the text between them; complains when tags do not close."""

    VOID = frozenset({"img", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def plot(name: str = "Curve") -> Plot:
    axis = Axis(name, "nats")
    return Plot(name, axis, axis, [Line(np.array([0.0, 1.0]), np.array([2.0, 3.0]), name)], note=name)


def test_labels_stay_text_wherever_they_stand():
    table = Table(EVIL, [EVIL], [[EVIL]], note=EVIL)
    page = Page(render(EVIL, [table, plot(EVIL)], [Note("warning", EVIL)], b"picture"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "a", "iframe", "object", "link"})
    assert len(page.all("img")) == 1 and len(page.all("style")) == 1
    assert page.text.count(EVIL) == 6  # heading, note, caption, column, cell, note of the table
    assert page.all("img")[0]["alt"] == plot(EVIL).alt
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


@given(st.text(), st.text())
def test_any_text_survives(title, label):
    page = Page(render(title, [Table(label, [label], [[label]])], [Note("note", label)], None))
    assert page.all("section")[0]["aria-label"] == title
    assert title in page.text and label in page.text


def test_the_picture_bears_the_alt_text_of_every_plot():
    page = Page(render("t", [plot("One"), plot("Two")], [], b"\x89PNG"))
    (image,) = page.all("img")
    assert image["alt"] == f"{plot('One').alt} {plot('Two').alt}"
    assert image["src"].startswith("data:image/png;base64,")


def test_without_a_picture_the_alt_text_is_read_instead():
    page = Page(render("t", [plot("One")], [], None))
    assert not page.all("img") and plot("One").alt in page.text


def test_nothing_comes_from_elsewhere():
    html = render("t", [plot()], [], paper.png([plot()]))
    assert "http" not in html and "url(" not in html and "<script" not in html


def test_tables_have_headers_captions_and_right_aligned_numbers():
    rows = [["periodic", 0.25, "0.6931(90)"], ["random", math.nan, "0.12(3)"]]
    page = Page(render("t", [Table("Masks", ["mask", "rate", "ΔS"], rows)], [], None))
    headers = page.all("th")
    assert [header["scope"] for header in headers] == ["col"] * 3
    assert [header.get("class") for header in headers] == [None, "number", "number"]
    assert len(page.all("caption")) == 1 and "not measured" in page.text


def test_warnings_are_named_in_words_and_not_by_colour_alone():
    page = Page(render("t", [], [Note("warning", "outside the range"), Note("note", "seed 0")], None))
    assert "Warning: outside the range" in page.text
    assert [note["class"] for note in page.all("p")] == ["warning", "note"]


def test_long_tables_say_how_much_is_left_out():
    page = Page(render("t", [Table("Nuclei", ["Z"], [[z] for z in range(1000)])], [], None))
    assert len(page.all("tr")) == 401 and "… and 600 more rows" in page.text


def test_a_picture_is_shown_at_its_printed_size():
    picture = paper.png([plot()], width=6, dpi=192)
    assert css_size(picture)[0] == pytest.approx(6 * 96, abs=1)
    (image,) = Page(render("t", [plot()], [], picture)).all("img")
    assert (int(image["width"]), int(image["height"])) == css_size(picture)
    assert css_size(b"GIF89a") is None


def test_nbconvert_keeps_it(tmp_path):
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    html = render("Entropy", [plot(), Table("Masks", ["mask"], [[EVIL]])], [Note("warning", "careful")], b"\x89PNG")
    output = nbformat.v4.new_output("display_data", data={"text/html": html})
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output], execution_count=1)])
    body, _ = nbconvert.HTMLExporter().from_notebook_node(book)
    for kept in ('class="jupyter-phys"', plot().alt, "<caption>Masks</caption>", "&lt;img src=x onerror"):
        assert kept in body
    assert "<img src=x onerror" not in body
