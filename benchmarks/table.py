"""The table of a comparison: a row for each kind of request and each server that got it."""

from __future__ import annotations

from statistics import median

from benchmarks.processes import Cost

# By kind of request, then by server: the goal. Each server of a kind is compared with the first one. The goal of the
# first one is for its processor time, and the goal of another one for the ratio.
Rows = dict[str, dict[str, str]]
# By kind of request, then by server: one cost per round.
Costs = dict[str, dict[str, list[Cost]]]


def describe(rows: Rows, costs: Costs) -> str:
    """Return the table: medians of the rounds, and the ratios of the first server of a row to the others."""
    lines = [
        "| request | server | ms (server + database) | p95 ms | ratio of the first to this (min to max) | goal |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for kind, goals in rows.items():
        first = next(iter(goals))
        for name, goal in goals.items():
            ratio = "" if name == first else describe_ratio(costs[kind][first], costs[kind][name])
            cells = [kind if name == first else "", name, *describe_costs(costs[kind][name]), ratio, goal]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def describe_costs(costs: list[Cost]) -> tuple[str, str]:
    """Return the medians of a server: processor time and p95."""
    server, database = median(cost.server for cost in costs), median(cost.database for cost in costs)
    total, p95 = median(cost.total for cost in costs), median(cost.p95 for cost in costs)
    return f"{total:.2f} ({server:.2f} + {database:.2f})", f"{p95:.0f}"


def describe_ratio(first: list[Cost], other: list[Cost]) -> str:
    """Return the median of the ratios of each round, with the least and the greatest."""
    ratios = [one.total / two.total for one, two in zip(first, other, strict=True)]
    return f"**{median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"
