"""The stationary law of a finite Markov chain in continuous time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Moves = list[tuple[Ints, Ints, Floats]]
"""Blocks of (from state, to state, rate per second)."""


def generator(moves: Moves, states: int) -> sparse.csr_matrix:
    """The matrix Q [states, states] of transition rates, its rows adding up to 0."""
    start = np.concatenate([block[0] for block in moves])
    end = np.concatenate([block[1] for block in moves])
    rate = np.concatenate([block[2] for block in moves])
    rates = sparse.coo_matrix((rate, (start, end)), shape=(states, states)).tocsr()
    return sparse.csr_matrix(rates - sparse.diags(np.asarray(rates.sum(axis=1)).ravel()))


def stationary(moves: Moves, states: int) -> Floats:
    """The shares of time [states] in each state.

    State 0 must be reached from everywhere. Its weight is set to 1 and the rest is solved, by a sparse LU of
    an M-matrix, which keeps small shares accurate to many digits; then all is divided by the sum.
    """
    if states == 1:
        return np.ones(1)
    balance = generator(moves, states).T.tocsc()
    lower_upper = splu(  # no pivots are needed, which lets the order be chosen for sparsity
        balance[1:, 1:], permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    others = lower_upper.solve(-balance[1:, [0]].toarray().ravel())
    law = np.maximum(np.concatenate([[1.0], others]), 0.0)
    return np.asarray(law / law.sum(), dtype=np.float64)
