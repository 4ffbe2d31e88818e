"""Which regencies have a 112 centre, and whether they share one."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator


class Deployment(BaseModel):
    """Where 112 is answered.

    ``centres``: ``known`` takes the regencies that are known to have one at ``as_of``, ``none`` and ``all``
    are what they say. Where the status at that date is unknown it counts as no (``unknown_112: lower``) or as
    yes (``upper``), so the truth lies between the two. Then the labels of ``add`` and ``remove``.
    ``grouping`` puts the centres of a former residency, or of the whole province, together in one desk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    centres: Literal["known", "none", "all"]
    as_of: date
    unknown_112: Literal["lower", "upper"]
    add: tuple[str, ...]
    remove: tuple[str, ...]
    grouping: Literal["regency", "residency", "province"]

    @model_validator(mode="after")
    def _consistent(self) -> "Deployment":
        both = sorted(set(self.add) & set(self.remove))
        if both:
            raise ValueError(f"{both[0]} is in add and in remove; leave it in one")
        return self
