"""Prices of the demo venues: by type, size and city, higher at weekends and in the wedding season."""

from datetime import date

CITY_FACTORS = {
    "Karachi": 1.2,
    "Lahore": 1.15,
    "Islamabad": 1.3,
    "Faisalabad": 0.9,
    "Multan": 0.85,
    "Peshawar": 0.85,
}
OPENING_PRICE = 40_000
PRICE_PER_GUEST = {"Hall": 350, "Auditorium": 260, "Banquet": 550, "Lawn": 220}
WEEKEND = {4, 5, 6}
WEEKEND_FACTOR = 1.25
WEDDING_SEASON = {11, 12, 1, 2}
SEASON_FACTOR = 1.3


def base_price(kind: str, capacity: int, city: str) -> float:
    """Return the price of a working day in summer, before rounding."""
    return (OPENING_PRICE + PRICE_PER_GUEST[kind] * capacity) * CITY_FACTORS[city]


def asked_price(base: float, day: date) -> int:
    """Return the price of a day in whole thousands of PKR."""
    weekend = WEEKEND_FACTOR if day.weekday() in WEEKEND else 1
    season = SEASON_FACTOR if day.month in WEDDING_SEASON else 1
    return round(base * weekend * season / 1000) * 1000
