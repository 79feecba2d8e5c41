from datetime import datetime


def is_open(hours: str, when: datetime) -> bool:
    """Whether a shop is open at a moment, by the text on its door.

    `hours` holds rules separated by `;`, for example `Mon-Fri 09:00-17:30; Sat 10:00-14:00`. Each rule is made of
    days, one space, and a time span. Days are the English abbreviations Mon Tue Wed Thu Fri Sat Sun: single ones,
    ranges with `-` that include both ends, or several of those separated by `,` without spaces (`Mon,Wed-Fri`). A
    range may go over the end of the week: `Sat-Mon` is Saturday, Sunday and Monday. Spaces around a rule don't matter,
    and empty rules are skipped.

    The shop is open from the first time of the span on, until the second one, at which it is closed. When the
    second time is not after the first, the span ends on the following day: with `Fri 20:00-02:00` it is open on
    Saturday at 01:59. It is open when at least one rule says so.
    """
    raise NotImplementedError
