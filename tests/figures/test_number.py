"""Numbers with errors: what is printed can be read back within the rounding of the error."""

import decimal
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_phys.figures.number import cell, number, numeric

PRINTED = re.compile(r"(?P<value>-?\d+(?:\.(?P<decimals>\d+))?)\((?P<error>[\d.]+)\)(?:e(?P<power>[+-]\d+))?")


def read(text: str) -> tuple[float, float, float]:
    """Value, error, and the place of the last digit of a printed number."""
    match = PRINTED.fullmatch(text)
    assert match, text
    power = int(match["power"] or 0)
    last = power - len(match["decimals"] or "")
    error = f"{match['error']}e{power}" if "." in match["error"] else f"{match['error']}e{last}"
    return float(f"{match['value']}e{power}"), float(error), float(f"1e{last}")


@pytest.mark.parametrize(
    ("value", "error", "printed"),
    [
        (0.50231, 0.00123, "0.5023(12)"),
        (1.234e-7, 5.6e-9, "1.234(56)e-07"),
        (1234, 120, "1.23(12)e+03"),
        (150, 12, "150(12)"),
        (15, 1.2, "15.0(1.2)"),
        (3e-8, 1.2e-7, "0.3(1.2)e-07"),
        (0.0, 0.0012, "0.0000(12)"),
        (-0.00001, 0.0012, "0.0000(12)"),
        (-0.6931, 0.009, "-0.6931(90)"),
        (0.3, 0.0996, "0.30(10)"),
        (9.99999e-8, 5e-10, "1.0000(50)e-07"),
        (2, 3, "2.0(3.0)"),
    ],
)
def test_two_digits_of_the_error_set_the_last_place(value, error, printed):
    assert number(value, error) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.5, "0.5"),
        (1 / 3, "0.3333"),
        (12345.6, "12346"),
        (1e6, "1e+06"),
        (999_999.7, "1e+06"),
        (0.000012345, "1.234e-05"),
        (-0.0, "0"),
        (123456789, "123456789"),
        (np.int64(7), "7"),
        (np.float32(0.1), "0.1"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_value_alone(value, printed):
    assert number(value) == printed


def test_errors_that_say_nothing_and_errors_that_are_unknown():
    assert number(0.5, None) == number(0.5, 0) == number(0.5, 1e-20) == "0.5"
    assert number(0.5, math.nan) == "0.5(?)"
    assert number(0.5, math.inf) == "0.5(inf)"


def test_what_was_not_measured_has_no_unit_and_no_error():
    assert number(math.nan, 0.1, unit="nats") == "not measured"


def test_the_unit_stands_behind():
    assert number(0.50231, 0.00123, unit="nats") == "0.5023(12) nats"


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="negative"):
        number(1.0, -0.1)
    with pytest.raises(ValueError, match="digits"):
        number(1.0, digits=0)


ordinary = st.floats(-1e290, 1e290, allow_subnormal=False)


@given(ordinary, st.floats(1e-290, 1e290))
def test_value_and_error_read_back_within_the_rounding(value, error):
    if error <= 1e-15 * abs(value):
        return
    read_value, read_error, last = read(number(value, error))
    slack = 1e-9 * last + 4e-16 * abs(value)  # reading a decimal rounds as well
    assert abs(read_value - value) <= last / 2 + slack
    assert abs(read_error - error) <= last / 2 + slack
    assert 9.5 * last <= read_error <= 99.5 * last  # two significant digits


@given(ordinary, st.integers(1, 12))
def test_a_value_alone_keeps_its_digits(value, digits):
    assert float(number(value, digits=digits)) == pytest.approx(value, rel=0.5 * 10.0 ** (1 - digits) * (1 + 1e-9))


@given(ordinary, st.one_of(st.none(), st.floats(0, 1e290)))
def test_every_number_counts_as_numeric(value, error):
    assert numeric([number(value, error, unit="MeV")])


def test_the_users_decimal_context_does_not_matter():
    with decimal.localcontext() as context:
        context.prec = 2
        assert number(0.502314159, 0.000012) == "0.502314(12)"


def test_cells_of_tables():
    assert [cell(value) for value in (None, True, False, 3, 0.25, math.nan, "x")] == [
        *("", "yes", "no", "3", "0.25", "not measured", "x")
    ]
    assert numeric(["0.50(1)", "", "not measured", "-3", "1.2(3)e-07", "0.5(?)"])
    assert not numeric(["", ""]) and not numeric(["0.5", "random"]) and not numeric(["10.1103/PhysRev.1.1 x y ("])
