"""Predictions a session waits for: started once, followed, stopped; their sums kept when done."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.widgets.engine import request, service, shelf
from seg import scores
from seg.cases import Case
from seg.checkpoint import Checkpoint
from seg.confusion import Confusion
from seg.errors import Cancelled
from seg.predict import Options
from seg.results import Result, result_key
from seg.service import Job
from seg.thresholds import case_sums, nearest

AT_ONCE_S = 1.0  # a warm prediction is there within it, and is drawn without a second run


@dataclass(frozen=True)
class Outcome:
    """What is known of one case under one checkpoint and its options.

    Attributes:
        sums: (classes, thresholds) hard sums; None without a mask.
        seconds: Of the passes through the network.
        device: Where it ran.
    """

    sums: Confusion | None
    seconds: float
    device: str

    def dice(self, threshold: float, label: int = 1) -> float | None:
        """Hard Dice of a class, where the case has a mask."""
        if self.sums is None:
            return None
        return float(scores.dice(self.sums)[label - 1, nearest(threshold)])


def outcome_of(case: Case, result: Result) -> Outcome:
    """The sums of a result against the case's mask."""
    sums = case_sums(case.mask.labels, result.probability) if case.mask else None
    return Outcome(sums, result.seconds, result.device)


class Predictions:
    """One session's predictions of some cases by one checkpoint under some options."""

    def __init__(self, checkpoint: Checkpoint, options: Options, cases: Sequence[Case]) -> None:
        self.checkpoint = checkpoint
        self.options = options
        state = st.session_state.setdefault("predictions", {"jobs": {}, "outcomes": {}})
        self._jobs: dict[str, Job] = state["jobs"]
        self._outcomes: dict[str, Outcome] = state["outcomes"]
        self._leave_others({self.key(case) for case in cases})

    def key(self, case: Case) -> str:
        """The result's key."""
        return result_key(self.checkpoint.sha256, case.image.sha256, self.options)

    def show(self, case: Case) -> Result | None:
        """The result of the case on the page, if it is there or comes at once."""
        kept = service().peek(request(case, self.checkpoint, self.options))
        if kept is None:
            job = self._start(case, first=True)
            try:
                kept = job.result(0.0 if job.place() else AT_ONCE_S) if not job.error else None
            except (TimeoutError, Cancelled):
                return None
            except Exception:
                if job.error is None:
                    raise
        if kept is not None:
            self._remember(case, kept)
        return kept

    def start_all(self, cases: Sequence[Case]) -> None:
        """Have the others predicted too, behind the one that is shown."""
        for case in cases:
            if self.outcome(case) is None:
                self._start(case)

    def outcome(self, case: Case) -> Outcome | None:
        """What is known of a case, without waiting."""
        identity = self._identity(case, self.options)
        if identity not in self._outcomes:
            job = self._jobs.get(self.key(case))
            if job is None or not job.is_finished or job.error is not None:
                return None
            self._remember(case, job.result())
        return self._outcomes[identity]

    def known(self, cases: Sequence[Case]) -> list[Outcome]:
        """All that is known of some cases, without waiting."""
        outcomes = (self.outcome(case) for case in cases)
        return [outcome for outcome in outcomes if outcome is not None]

    def peek(self, case: Case, options: Options) -> Outcome | None:
        """What is known of a case under other options, without starting anything."""
        identity = self._identity(case, options)
        if identity not in self._outcomes:
            result = service().peek(request(case, self.checkpoint, options))
            if result is None:
                return None
            self._outcomes[identity] = outcome_of(case, result)
        return self._outcomes[identity]

    def error(self, case: Case) -> Exception | None:
        """Why a case has no prediction, where one was tried."""
        job = self.job(case)
        return None if job is None else job.error

    def job(self, case: Case) -> Job | None:
        """The case's job: running, waiting, or failed."""
        return self._jobs.get(self.key(case))

    def waiting(self) -> int:
        """How many are not finished."""
        return sum(not job.is_finished for job in self._jobs.values())

    def stop(self) -> None:
        """Cancel all that is not finished."""
        for job in self._jobs.values():
            job.cancel()

    def again(self) -> None:
        """Forget what failed or was cancelled, so that it is tried again."""
        for key in [key for key, job in self._jobs.items() if job.error is not None]:
            del self._jobs[key]

    def _start(self, case: Case, *, first: bool = False) -> Job:
        """The case's job; a failed or cancelled one stays so."""
        key = self.key(case)
        if key not in self._jobs:
            asked = request(case, self.checkpoint, self.options)
            self._jobs[key] = service().submit(asked, shelf().owner, first=first)
        elif first:
            self._jobs[key].hurry()
        return self._jobs[key]

    def _leave_others(self, mine: set[str]) -> None:
        """Cancel what other cases, another checkpoint or other options still wait for."""
        for key in self._jobs.keys() - mine:
            self._jobs.pop(key).cancel()

    def _identity(self, case: Case, options: Options) -> str:
        """The result and the mask it is held against."""
        key = result_key(self.checkpoint.sha256, case.image.sha256, options)
        return key + (case.mask.id if case.mask else "")

    def _remember(self, case: Case, result: Result) -> None:
        """Keep the sums, not the picture."""
        self._jobs.pop(self.key(case), None)
        identity = self._identity(case, self.options)
        if identity not in self._outcomes:
            self._outcomes[identity] = outcome_of(case, result)
