"""How many calls a demand means, by arithmetic: the means of what ``draw_calls`` draws, to calibrate by.

Kinds whose rate is that of the whole area have none by regency here.
"""

from sim112.config.demand import Demand
from sim112.demand.incidents import PER_100K, YEAR_DAYS


def incidents_per_day(demand: Demand, label: str, population: float) -> dict[str, float]:
    """Mean incidents a day of each kind in one regency, without surges."""
    scale = demand.rate_factor * population * PER_100K / YEAR_DAYS
    return {kind: scale * demand.rate_per_100k_year_of(label, kind) for kind in demand.kinds}


def reports_per_day(demand: Demand, label: str, population: float) -> dict[str, float]:
    """Mean calls a day to 112 about incidents, by kind, in one regency with a mature centre, without surges.

    Every caller counts, as a centre counts genuine calls; redials and calls that the network takes elsewhere
    do not.
    """
    return {
        kind: rate * (1 + demand.kinds[kind].further_callers.expected) * demand.dial_112_share_of(label, kind)
        for kind, rate in incidents_per_day(demand, label, population).items()
    }


def other_calls_per_day(demand: Demand, label: str, population: float) -> dict[str, float]:
    """Mean calls a day placed on 112 without an incident, by kind, in one regency, without surges."""
    return {
        name: population
        * PER_100K
        * demand.rate_per_100k_day_of(label, name)
        / kind.answered_share
        * (demand.rate_factor if kind.caller == "information" else demand.nuisance_factor)
        for name, kind in demand.calls.items()
    }
