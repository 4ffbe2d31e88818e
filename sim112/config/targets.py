"""What counts as good: how soon a call should be answered and a unit be at the scene."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from sim112.errors import InputError


class ResponseTargets(BaseModel):
    """Seconds from the first caller's decision to call until a unit of the agency is at the scene."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    fire: float = Field(gt=0)
    ambulance: float = Field(gt=0)
    police: float = Field(gt=0)
    rescue: float = Field(gt=0)


class Targets(BaseModel):
    """What counts as good, and where a wait stops counting.

    A *cap* is the longest time that enters a mean: whoever is never reached counts as the cap, so that losing
    an incident never makes a mean look better.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    answered_within_s: float = Field(gt=0)
    answered_within_share: float = Field(gt=0, le=1)
    response_target_s: ResponseTargets
    response_cap_s: float = Field(gt=0)
    alert_cap_s: float = Field(gt=0)

    def response_targets(self, agencies: tuple[str, ...]) -> list[float]:
        """Target of each agency, s, in the order given.

        Raises InputError for an agency that has no target.
        """
        known = self.response_target_s.model_dump()
        for agency in agencies:
            if agency not in known:
                raise InputError(
                    f"targets.response_target_s: no target for the agency {agency!r}; "
                    f"known are {', '.join(known)}"
                )
        return [known[agency] for agency in agencies]
