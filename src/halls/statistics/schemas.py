"""Request and response models of the statistics and of the export."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halls.bookings.schemas import Statuses
from halls.http.schema import PRICE, Day, Id, QueryModel, ResponseModel
from halls.statistics.period import DEFAULT_MONTHS

Grouping = Literal["month", "weekday", "venue"]


class PeriodQuery(QueryModel):
    """The days of the events, and the venue."""

    from_: Day | None = Field(
        default=None,
        alias="from",
        description="The first day. Default: the first day of a month, so that the period has days of "
        f"{DEFAULT_MONTHS} months, the last of which is that of `to`.",
    )
    to: Day | None = Field(default=None, description="The last day, inclusive. Default: today in Karachi.")
    venue_id: Id | None = Field(default=None, description="Only bookings of this venue.")


class StatisticsQuery(PeriodQuery):
    """The period and the rows of the statistics."""

    by: Grouping = Field(default="month", description="The rows: months, days of the week, or venues.")


class ExportQuery(PeriodQuery):
    """The period and the filters of an export."""

    status: Statuses | None = Field(
        default=None,
        description="Only bookings with this status, or one of several: `pending,confirmed`.",
        examples=["pending,confirmed"],
    )


class CancelledCounts(ResponseModel):
    """The number of cancelled bookings, by the side that cancelled."""

    guest: int = Field(description="Also those that the deletion of the guest's account cancelled.", examples=[2])
    owner: int = Field(description="Also declined requests.", examples=[1])
    expiry: int = Field(description="Requests that were not answered in time.", examples=[3])
    unknown: int = Field(description="Also those that the operator of this service cancelled.", examples=[0])


class Figures(ResponseModel):
    """The figures of some days of an owner's venues."""

    offered: int = Field(description="Days that were offered or confirmed, counted for each venue.", examples=[26])
    booked: int = Field(description="Days with a confirmed booking, counted for each venue.", examples=[13])
    walk_ins: int = Field(description="Those of the booked days that the owner entered as walk-ins.", examples=[2])
    pending: int = Field(description="Requests without an answer.", examples=[4])
    occupancy: float | None = Field(
        description="`booked` divided by `offered`, 0 to 1. Null if nothing was offered.", examples=[0.5]
    )
    revenue_locked: float = Field(
        description=f"{PRICE} The sum of the locked prices of confirmed bookings.", examples=[2405000]
    )
    unpriced: int = Field(description="Confirmed bookings without a price.", examples=[1])
    guests: int = Field(description="The guests of confirmed bookings.", examples=[3900])
    lead_days_median: float | None = Field(
        description="The median of the days from the order to the event, of confirmed bookings. Null without any.",
        examples=[41.5],
    )
    cancelled: CancelledCounts


class FigureRow(Figures):
    """The figures of one month, day of the week, or venue."""

    key: str = Field(
        description="`2026-11`, a day of the week from `mon` to `sun`, or the id of a venue.", examples=["2026-11"]
    )


class Statistics(ResponseModel):
    """The figures of an owner's bookings. The rows add up to the total, except the medians."""

    from_: Day = Field(alias="from")
    to: Day
    by: Grouping
    rows: list[FigureRow] = Field(
        description="By month: each month of the period. By weekday: `mon` to `sun`. By venue: each of the owner's "
        "venues, and deleted ones with bookings in the period."
    )
    total: Figures
