"""How callers behave: patience, dialling again, knowing a number, being connected to the wrong centre."""

from typing import Annotated

from pydantic import Field, model_validator

from sim112.config.demand import Agency, CallerClass, Part, Share
from sim112.config.distributions import Duration, off_as


class Redial(Part):
    """Dialling again: the shares who do so after being blocked or abandoning, when, and how often at most.

    ``most_112`` and ``most_agency`` limit the redials on each number; null is no limit. A share of 0.85
    without a limit is a geometric number of dials, of mean 1 / 0.15 for who never gets through.
    """

    blocked_share: Share
    abandoned_share: Share
    delay_s: Duration
    most_112: Annotated[int, Field(ge=0)] | None = None
    most_agency: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _ends(self) -> "Redial":
        unlimited = self.most_112 is None or self.most_agency is None
        if unlimited and max(self.blocked_share, self.abandoned_share) == 1 and self.delay_s.expected_s <= 0:
            raise ValueError("delay_s is 0 with redials for ever; give a limit or a delay above 0")
        return self


class Behaviour(Part):
    """One class of callers.

    ``patience_s`` counts from being queued, afresh on each dial; off (null) waits for ever. ``hang_up_share``
    of dials end during the announcement, at a moment spread evenly over it. ``redial`` off (null): never
    dials again.
    """

    patience_s: Annotated[Duration | None, off_as(None)]
    hang_up_share: Share
    redial: Annotated[Redial | None, off_as(None)]


class KnowNumber(Part):
    """The share of callers who know each agency's own number."""

    fire: Share
    ambulance: Share
    police: Share
    rescue: Share


class Misrouting(Part):
    """Calls to 112 that the network takes to the neighbour's centre.

    They come from zones that lie within ``border_km``, as the crow flies, of a zone of another regency:
    ``share`` of the calls from there go to that nearest one's centre.
    """

    share: Share
    border_km: float = Field(ge=0)


class Callers(Part):
    """How people behave on the telephone; ``lookup_s`` is lost by who does not know an agency's number.

    ``redial`` off: nobody dials again, whatever the classes say. ``misrouted`` off: every call to 112 reaches
    the right centre.
    """

    genuine: Behaviour
    information: Behaviour
    nuisance: Behaviour
    redial: bool = True
    knows_number_share: KnowNumber
    lookup_s: Duration
    misrouted: Annotated[Misrouting, off_as({"share": 0, "border_km": 0})]

    @model_validator(mode="after")
    def _nuisance_comes_at_drawn_times(self) -> "Callers":
        if self.nuisance.redial is not None:
            raise ValueError(
                "nuisance.redial must be null: nuisance calls come at drawn times and never redial"
            )
        return self

    def behaviour(self, caller: CallerClass) -> Behaviour:
        """The behaviour of one class of callers."""
        own = {"genuine": self.genuine, "information": self.information, "nuisance": self.nuisance}[caller]
        return own if self.redial else own.model_copy(update={"redial": None})

    def knows_share(self, agency: Agency) -> float:
        """The share of callers who know this agency's own number."""
        share: float = getattr(self.knows_number_share, agency)
        return share
