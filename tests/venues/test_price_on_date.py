"""The price of a venue on a date: the first override of the date, in both Python functions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halls.venues.price_on_date import price_on_date, prices_by_date

DATES = ["2026-12-01", "2026-12-02", "$date", "$$this"]
PRICES = st.one_of(
    st.none(), st.integers(0, 1_000_000_000), st.decimals(0, 1_000_000_000, places=2).map(float), st.just(0.0)
)
OVERRIDES = st.lists(
    st.fixed_dictionaries({"date": st.sampled_from(DATES)}, optional={"price": PRICES}).map(dict), max_size=5
)
# External writers may leave out a field, or store null or an empty object.
PRICING: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.just({"pricing": None}),
    st.just({"pricing": {}}),
    st.just({"pricing": {"overrides": None}}),
    OVERRIDES.map(lambda overrides: {"pricing": {"overrides": overrides}}),
)


@pytest.mark.parametrize(
    ("venue", "price"),
    [
        ({"pricing": {"overrides": [{"date": "2026-12-01", "price": 1}, {"date": "2026-12-01", "price": 2}]}}, 1),
        ({"pricing": {"overrides": [{"date": "2026-12-02", "price": 1}, {"date": "2026-12-01", "price": 2}]}}, 2),
        ({"pricing": {"overrides": [{"date": "2026-12-02", "price": 1}]}}, None),
        ({"pricing": {"overrides": [{"date": "2026-12-01", "price": 150_000.0}]}}, 150_000),
        ({"pricing": {"overrides": [{"date": "2026-12-01", "price": 0.5}]}}, 0.5),
        ({"pricing": {"overrides": [{"date": "2026-12-01"}, {"date": "2026-12-01", "price": 2}]}}, None),
        ({"pricing": {"overrides": []}}, None),
        ({"pricing": {}}, None),
        ({"pricing": None}, None),
        ({}, None),
    ],
)
def test_the_first_override_of_the_date_is_its_price(venue: Any, price: float | None) -> None:
    result = price_on_date(venue, "2026-12-01")
    assert result == price
    assert type(result) is type(price)


@given(venue=PRICING, date=st.sampled_from(DATES))
def test_price_on_date_and_prices_by_date_agree(venue: Any, date: str) -> None:
    assert prices_by_date(venue).get(date) == price_on_date(venue, date)
