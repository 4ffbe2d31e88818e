"""Faults that the checks should catch, each as the change of a few lines: what ``mutate.py`` runs on.

A fault of the model is put into both engines at once, or into what they share, because a fault in one of them
alone is caught by holding the engines against each other. ``old`` must stand in its file exactly once.
"""

from faults.desks import LINES, QUEUE
from faults.fault import Edit, Fault, Part
from faults.numbers import DRAWING, INTERVALS, MEASURING
from faults.people import PEOPLE, TICKETS
from faults.units import UNITS, WORLD

FAULTS: tuple[Fault, ...] = (
    *(*LINES, *QUEUE, *PEOPLE, *TICKETS),
    *(*UNITS, *WORLD),
    *(*DRAWING, *MEASURING, *INTERVALS),
)
"""All of them, by the part of the model they are in."""

__all__ = ["FAULTS", "Edit", "Fault", "Part"]
