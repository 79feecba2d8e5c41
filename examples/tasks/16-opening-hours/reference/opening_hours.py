from datetime import datetime

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def _days(text: str) -> set[int]:
    """The days that a rule names, as numbers from Monday = 0."""
    days = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start = DAYS.index(first)
        length = (DAYS.index(last or first) - start) % 7 + 1
        days.update((start + step) % 7 for step in range(length))
    return days


def _minutes(text: str) -> int:
    """Minutes since midnight."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def is_open(hours: str, when: datetime) -> bool:
    """Whether a shop is open at a moment, by rules such as `Mon-Fri 09:00-17:30; Fri 20:00-02:00`."""
    today = when.weekday()
    now = when.hour * 60 + when.minute
    for rule in hours.split(";"):
        if not rule.strip():
            continue
        day_text, span = rule.split()
        days = _days(day_text)
        opens, closes = (_minutes(part) for part in span.split("-"))
        if opens < closes:
            if today in days and opens <= now < closes:
                return True
        elif (today in days and now >= opens) or ((today - 1) % 7 in days and now < closes):
            return True
    return False
