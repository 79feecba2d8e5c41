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
    # What a model wrote or a text was read for is what the person decides about: it is not required any more.
    weaker = {Trust.DERIVED, Trust.GENERATED}
    # So is what waits for a person; and what failed without rejecting the code was required by nobody.
    decided = {CheckOutcome.PENDING, CheckOutcome.FAILED}
    required = tuple(
        e.check for e in pending.evidence if e.check != REVIEW and e.trust not in weaker and e.outcome not in decided
    )
    return decide(
        task,
        candidate_id,
        (*pending.evidence, evidence),
        required=(*required, REVIEW),
        accept_claimed="always" if approve else "never",
        own_code=False,
    )
