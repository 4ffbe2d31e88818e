"""How long people take at their work, from the call-taker's hand on the telephone to the unit's handover."""

from typing import Any

from pydantic import model_validator

from sim112.config.demand import AGENCIES, Agency, Part
from sim112.config.distributions import Duration, Factor


class ByAgency(Part):
    """One duration for each agency, s; a single one is that of every agency."""

    fire: Duration
    ambulance: Duration
    police: Duration
    rescue: Duration

    @model_validator(mode="before")
    @classmethod
    def _from_one(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        given = [agency for agency in AGENCIES if isinstance(value, dict) and agency in value]
        if not given:
            return dict.fromkeys(AGENCIES, value)
        if "dist" in value or len(given) < len(AGENCIES):
            raise ValueError(f"give one duration for all agencies, or one for each of {', '.join(AGENCIES)}")
        return value

    def of(self, agency: Agency) -> Duration:
        """The duration of one agency."""
        duration: Duration = getattr(self, agency)
        return duration


class Work(Part):
    """Durations of work.

    ``pick_up_s``: a call-taker's moment before the answer. ``transfer_talk_s``: talk at the wrong desk before
    the caller is passed on. ``handling_s``: a dispatcher's work until one agency is alerted. ``notice_s``:
    from the report on another agency's own number until this agency hears of it. ``turnout_s``: from
    assignment to rolling. ``travel_factor``: of a job, times table times. ``handover_s``: at the hospital.
    ``busy_s``: the whole time of a unit where the fleet is told to draw it (checks against theory).
    """

    pick_up_s: Duration
    transfer_talk_s: Duration
    handling_s: ByAgency
    notice_s: ByAgency
    turnout_s: ByAgency
    travel_factor: Factor
    handover_s: Duration
    busy_s: Duration
