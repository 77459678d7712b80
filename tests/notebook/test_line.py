"""The magic line: what the splitter takes apart, and what the parts mean in the notebook's names."""

import keyword
import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_phys.core.errors import Refused
from jupyter_phys.notebook.line import Line, evaluate, labelled, split

TABLE = {
    "": Line(),
    ";": Line(silent=True),
    "m": Line("m"),
    "  m  ": Line("m"),
    "m kind=mri": Line("m", {"kind": "mri"}),
    "m kind = mri": Line("m", {"kind": "mri"}),
    "kind=mri": Line("", {"kind": "mri"}),
    "m, kind=mri, scale=[2, 4],": Line("m", {"kind": "mri", "scale": "[2, 4]"}),
    "place=(.5, .5) axis=-2": Line("", {"place": "(.5, .5)", "axis": "-2"}),
    "scale=(1,) hop=1,": Line("", {"scale": "(1,)", "hop": "1"}),
    "m1 > .5 rate=.3": Line("m1 > .5", {"rate": ".3"}),
    "a == b": Line("a == b"),
    "(a := b) p=2": Line("(a := b)", {"p": "2"}),
    "f(x=1, y=[2]) p=2": Line("f(x=1, y=[2])", {"p": "2"}),
    "{'a=b': m} p=2": Line("{'a=b': m}", {"p": "2"}),
    "'a=b -i;' p=2": Line("'a=b -i;'", {"p": "2"}),
    "signal=lambda x, k=3: x * k kind=mri": Line("", {"signal": "lambda x, k=3: x * k", "kind": "mri"}),
    "[lambda x=1: x, m] p=2": Line("[lambda x=1: x, m]", {"p": "2"}),
    "(lambda: {1: 2})()[1:2] p=2": Line("(lambda: {1: 2})()[1:2]", {"p": "2"}),
    "net -i": Line("net", {}, ("-i",)),
    "-i net": Line("net", {}, ("-i",)),
    "net -i eps=.1": Line("net", {"eps": ".1"}, ("-i",)),
    "net eps=.1 -i": Line("net", {"eps": ".1"}, ("-i",)),
    "net -i, eps=.1": Line("net", {"eps": ".1"}, ("-i",)),
    "net --check --full;": Line("net", {}, ("--check", "--full"), True),
    "net --no-thing": Line("net", {}, ("--no-thing",)),
    "net - i": Line("net - i"),
    "net-i": Line("net-i"),
    "net -1": Line("net -1"),
    "net -ab": Line("net -ab"),
    "net -a.b": Line("net -a.b"),
    "net --1": Line("net --1"),
    "f(net -i)": Line("f(net -i)"),
    "m;": Line("m", silent=True),
    "m kind=mri ; ": Line("m", {"kind": "mri"}, silent=True),
    "m # kind=mri -i": Line("m"),
    "m kind=mri;  # quiet": Line("m", {"kind": "mri"}, silent=True),
    "'#' p=2": Line("'#'", {"p": "2"}),
    "{m1}": Line("{m1}"),
    "$a": Line("$a"),
    "маска größe=2": Line("маска", {"größe": "2"}),
    "m\tkind=mri\n": Line("m", {"kind": "mri"}),
}


@pytest.mark.parametrize("text", TABLE, ids=repr)
def test_table(text: str):
    assert split(text) == TABLE[text]


@pytest.mark.parametrize("text", ["[m", "m)", "'m", '"m', "f(x", "'''m", "{", "m scale=[2", "m 'a -i"])
def test_open_brackets_and_quotes_are_refused(text: str):
    with pytest.raises(Refused, match="not whole"):
        split(text)


@pytest.mark.parametrize("text", ["m kind=", "m kind= scale=2", "kind=mri kind=image", "m kind=,"])
def test_a_name_has_one_value(text: str):
    with pytest.raises(Refused):
        split(text)


@given(st.text())
@example("\x0c m a=3")
@example("m\r\na=3")
@example("\x00")
@example("lambda lambda : : = ]")
@example("\\")
@example("\N{LINE SEPARATOR}a=2")
def test_any_text_is_split_or_refused(text: str):
    try:
        line = split(text)
    except Refused:
        return
    assert all(line.options.values())


@given(st.text(alphabet="ab=-, ;'\"()[]{}#:.λ1\\\n\t", max_size=40))
def test_any_line_is_split_or_refused(text: str):
    try:
        line = split(text)
    except Refused:
        return
    assert all(name.isidentifier() for name in line.options)


names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda word: not keyword.iskeyword(word))
literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
calls = st.builds("{}({}={!r}, {}[{!r}])".format, names, names, literals, names, literals)
expressions = names | literals.map(repr) | calls
flags = st.from_regex(r"-[a-z]|--[a-z][a-z-]{0,6}", fullmatch=True)


@given(expressions, st.dictionaries(names, expressions, max_size=4), st.lists(flags, max_size=3), st.booleans())
def test_what_was_typed_comes_back(subject: str, options: dict[str, str], given_flags: list[str], silent: bool):
    said = [subject, *(f"{name}={value}" for name, value in options.items()), *given_flags]
    line = split(" ".join(said) + ";" * silent)
    assert line == Line(subject, options, tuple(given_flags), silent)


@given(literals)
def test_a_value_comes_back(value: object):
    line = split(f"x={value!r}")
    assert evaluate(line.options["x"], {}) == value


def test_the_first_word():
    assert Line("mask m").first_word(["mask", "plan"]) == ("mask", Line("m"))
    assert Line("mask\tm", {"p": "2"}).first_word(["mask"]) == ("mask", Line("m", {"p": "2"}))
    assert Line("mask").first_word(["mask"]) == ("mask", Line())
    assert Line("masked").first_word(["mask"]) == (None, Line("masked"))
    assert Line("").first_word(["mask"]) == (None, Line(""))


WORDS = ("mri", "image", "random")
NAMES = {"m1": 1, "m2": 2, "image": 3, "random": random, "two": [5, 6]}


@pytest.mark.parametrize(
    ("text", "value"),
    {
        "mri": "mri",
        "[mri, image]": ["mri", "image"],
        "(mri, m1)": ("mri", 1),
        "{1: mri, 2: m2}": {1: "mri", 2: 2},
        "mri if m1 else image": "mri",
        "'mri'": "mri",
        "m1 + m2": 3,
        "[x + m1 for x in two]": [6, 7],
        "(lambda mri: mri)(m1)": 1,
        "[mri for mri in two]": [5, 6],
        "[random, mri]": ["random", "mri"],
        "random.Random(3).random() < 2": True,
        "image * 2": 6,
        "max(m1, image)": 3,
        "sum(two[i] for i in range(m2))": 11,
        "{m1, m2}": {1, 2},
    }.items(),
    ids=repr,
)
def test_bare_words_are_choices_and_expressions_are_python(text: str, value: object):
    assert evaluate(text, dict(NAMES), WORDS) == value


def test_a_variable_may_go_before_a_word_but_a_module_does_not():
    assert evaluate("image", dict(NAMES), WORDS) == "image"
    assert evaluate("image", dict(NAMES), WORDS, shadowed=True) == 3
    assert evaluate("[image, mri, random]", dict(NAMES), WORDS, shadowed=True) == [3, "mri", "random"]


NONSENSE = ["$", "m1 m2", "1 +", "x = 3", "pass", "m1; m2", "\x00", "(" * 300 + ")" * 300, "-" * 100_000]


@pytest.mark.parametrize("text", NONSENSE, ids=lambda text: repr(text[:9]))
def test_what_is_no_expression_is_refused(text: str):
    with pytest.raises(Refused):
        evaluate(text, dict(NAMES), WORDS)


@pytest.mark.parametrize("text", ["$m1", "{m1}", "${m1}"])
def test_what_other_magics_expand_is_told_apart(text: str):
    with pytest.raises(Refused, match="type instead: m1"):
        evaluate(text, dict(NAMES), WORDS)


def test_errors_of_an_expression_stay_what_they_are():
    for text, error in {"nothing": NameError, "m1 / 0": ZeroDivisionError, "{[], 1}": TypeError}.items():
        with pytest.raises(error):
            evaluate(text, dict(NAMES), WORDS)


@pytest.mark.parametrize(
    ("text", "labels"),
    {
        "m1": ["m1"],
        "( m1 )": ["m1"],
        "box['a']": ["box['a']"],
        "math.pi": ["math.pi"],
        "[m1, m2]": ["m1", "m2"],
        "[m1, math.pi, box['a'], max(m1, m2)]": ["m1", "math.pi", "box['a']", "max(m1, m2)"],
        "m1, m2": ["m1", "m2"],
        "{'mine': m1}": ["mine"],
        "ours": ["one"],
        "pair": ["pair[0]", "pair[1]"],
        "[*pair, m1]": None,
        "[m1, m1]": None,
        "[m1, 3]": None,
        "m1 + m2": None,
        "max(m1, m2)": None,
        "[x for x in pair]": None,
    }.items(),
    ids=repr,
)
def test_labels(text: str, labels: list[str] | None):
    space = {"m1": 1, "m2": 2, "math": math, "box": {"a": 1}, "pair": (1, 2), "ours": {"one": 1}}
    value = evaluate(text, space)
    found = labelled(text, value)
    assert found is value if labels is None else list(found) == labels
