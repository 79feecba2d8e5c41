"""A person as a check: who decided what on code that ended pending, and why, as evidence."""

from __future__ import annotations

import getpass
import os

from lamarck.checks.verdict import REVIEW, decide
from lamarck.records import CheckOutcome, Evidence, Task, Trust, Verdict, now


def reviewed(task: Task, pending: Verdict, candidate_id: str, *, approve: bool, reason: str) -> Verdict:
    """The verdict with a person's decision among its evidence."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        who = f"user {os.getuid()}"
    evidence = Evidence(
        check=REVIEW,
        check_version="1",
        candidate_id=candidate_id,
        outcome=CheckOutcome.PASSED if approve else CheckOutcome.FAILED,
        trust=Trust.GIVEN,
        log=f"{'approved' if approve else 'rejected'} by {who} at {now()}" + (f": {reason}" if reason else ""),
    )
    return decide(
        task,
        candidate_id,
        (*pending.evidence, evidence),
        required=required_with(evidence, pending),
        accept_claimed="always" if approve else "never",
        own_code=False,
    )


def required_with(review: Evidence | None, pending: Verdict, names: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Which checks have to pass once a person has decided. names: that were required before; None: all there are.

    What a model wrote or a text was read for is what the person decides about: it is not required any more. So is what
    waits for a person; and what failed without rejecting the code was required by nobody.
    """
    if review is None:
        return names or ()
    weaker = {Trust.DERIVED, Trust.GENERATED}
    decided = {CheckOutcome.PENDING, CheckOutcome.FAILED}
    left = tuple(
        e.check for e in pending.evidence if e.check != REVIEW and e.trust not in weaker and e.outcome not in decided
    )
    return (*(n for n in left if names is None or n in names), REVIEW)
