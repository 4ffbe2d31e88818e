"""Ascending steps and a guide to them: which step a value is on, without a search for nearly all values."""

from dataclasses import dataclass

import numpy as np

from sim112.engine.contract import Floats, Ints

CELLS_PER_STEP = 8  # so that few cells have more than one


@dataclass(frozen=True, eq=False)
class Steps:
    """S ascending steps; the range from the first to the last is cut into G equal cells."""

    step: Floats  # [S]
    beyond: Floats  # [S + 1] the same, and infinity
    guide: Ints  # [G] the number of steps in the cells before
    cells_per_unit: float

    def below(self, value: Floats) -> Ints:
        """How many steps lie at or below each value, as ``np.searchsorted`` from the right would have it."""
        at = self.guide.take(_cell(value, self.step[0], self.cells_per_unit, self.guide.size))
        at += self.beyond.take(at) <= value
        left = np.flatnonzero(self.beyond.take(at) <= value)
        if left.size:
            at[left] = np.searchsorted(self.step, value[left], side="right")
        return at


def guide_to(step: Floats) -> Steps:
    """Steps with their guide: what is in a cell before a value's own is below the value, however rounded."""
    cells = CELLS_PER_STEP * step.size
    width = float(step[-1] - step[0])
    cells_per_unit = cells / width if width > 0 else 0.0
    cell = _cell(step, step[0], cells_per_unit, cells)
    return Steps(
        step=step,
        beyond=np.append(step, np.inf),
        guide=np.searchsorted(cell, np.arange(cells)),
        cells_per_unit=cells_per_unit,
    )


def _cell(value: Floats, first: float, cells_per_unit: float, cells: int) -> Ints:
    """The cell that a value is in, never less for a larger value."""
    cell = value - first
    cell *= cells_per_unit
    np.minimum(cell, cells - 1, out=cell)
    return np.maximum(cell, 0, out=cell).astype(np.int64)
