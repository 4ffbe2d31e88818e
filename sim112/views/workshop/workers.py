"""The processes that simulate for the page, so that the server itself is free to answer.

Each works on one replication of one choice at a time: the pieces are small, so nobody waits long for those of
others, and what nobody wants any more is dropped.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache

from sim112.config.scenario import Scenario
from sim112.engine.choice import Engine
from sim112.study.kpis import Measures
from sim112.study.replication import Batch, begin_worker, simulate_once

KEPT_CHOICES = 4
"""Choices whose worlds a process keeps ready: two worlds each, which ``replication`` keeps."""


class Workers:
    """A pool of processes, replaced by another where one of them was ended."""

    def __init__(self, count: int, engine: Engine) -> None:
        self.count = count
        self._engine = engine
        # Forked while this process is still alone they have the machine code and the roads already.
        self._pool = self._begin("fork" if sys.platform == "linux" else "spawn")

    def _begin(self, method: str) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            self.count,
            mp_context=multiprocessing.get_context(method),
            initializer=begin_worker,
            initargs=((), self._engine, os.getpid()),
        )
        with warnings.catch_warnings():
            # Python 3.12 and later warn of forking beside other threads; ours are idle ones of numpy.
            warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
            pool.submit(os.getpid)
        return pool

    def submit(self, before: str, after: str, replication: int) -> Future[list[Measures]]:
        """One replication of two scenarios, each given as JSON."""
        return self._pool.submit(simulate_pair, before, after, replication, self._engine)

    def replace(self) -> None:
        """Begin anew after a process was ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._begin("spawn")

    def close(self) -> None:
        """End the processes once they have done what is in hand."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def simulate_pair(before: str, after: str, replication: int, engine: Engine) -> list[Measures]:
    """What each process does."""
    return simulate_once(_batch_of(before, after), replication, engine)


@lru_cache(maxsize=KEPT_CHOICES)
def _batch_of(before: str, after: str) -> Batch:
    """The same scenarios as the same objects, whose worlds then are built once."""
    pair = tuple(Scenario.model_validate_json(text) for text in (before, after))
    return Batch(pair, range(0), for_headline=True)
