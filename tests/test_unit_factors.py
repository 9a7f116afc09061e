"""Every factor between two units is that of `pint`, which has them from NIST and BIPM."""

import pytest

from helpers.cells.unit_conversion import DIGITS, DIMENSIONS, _factor, can_convert, convert

pint = pytest.importorskip("pint", reason="pint is not installed: make setup-scale")
SPELT = {  # as pint spells them, where it does so otherwise
    "stone": "stone", "fl oz": "fluid_ounce", "m³": "m**3", "m²": "m**2", "km²": "km**2",
    "sqft": "foot**2", "°C": "degC", "°F": "degF", "%": "percent", "fraction": "dimensionless",
    "cc": "cm**3", "°": "degree", "months": None, "years": None, "pcs": None,
    "seats": None, "dB": None,
}  # fmt: skip
EXACT = {"acres": "43560 foot**2"}  # pint has the survey's acre, which ended in 2022
NAMED = [(name, unit) for name, table in DIMENSIONS.items() for unit in table
         if SPELT.get(unit, unit)]  # fmt: skip


@pytest.fixture(scope="module")
def registry():
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@pytest.mark.parametrize("name, unit", NAMED, ids=[unit for _, unit in NAMED])
def test_a_value_in_one_unit_is_told_in_another_as_pint_tells_it(registry, name, unit):
    for other in (one for of, one in NAMED if of == name):
        ours, theirs = convert(37.5, unit, other), _by_pint(registry, 37.5, unit, other)
        assert ours == pytest.approx(theirs, rel=5.1 * 10**-DIGITS), (unit, other)


def test_factors_are_more_exact_than_what_is_shown(registry):
    """Six digits are shown; of a factor itself, nine are right."""
    for name, unit in NAMED:
        base = next(one for one in DIMENSIONS[name] if _factor(one) == 1)
        theirs = registry(EXACT.get(unit) or _as_spelt(unit)) / registry(_as_spelt(base))
        if name != "temperature":
            assert _factor(unit) == pytest.approx(theirs.to("dimensionless").magnitude, rel=1e-9)


def test_units_without_an_exact_factor_are_not_converted():
    assert not can_convert("months", "d") and not can_convert("years", "weeks")


def _by_pint(registry, value: float, unit: str, other: str) -> float:
    return registry.Quantity(value, _as_spelt(unit)).to(_as_spelt(other)).magnitude


def _as_spelt(unit: str) -> str:
    return SPELT.get(unit, unit)
