from datetime import datetime


def _fits(field: str, value: int) -> bool:
    """Whether one of the parts of a field fits a value."""
    for part in field.split(","):
        if part == "*":
            return True
        if part.startswith("*/"):
            if value % int(part[2:]) == 0:
                return True
        elif "-" in part:
            first, last = part.split("-")
            if int(first) <= value <= int(last):
                return True
        elif int(part) == value:
            return True
    return False


def is_due(schedule: str, when: datetime) -> bool:
    """Whether a job is due at a minute, by five fields: minute, hour, day, month, weekday (Monday is 0)."""
    fields = schedule.split()
    if len(fields) != 5:
        raise ValueError("a schedule has five fields")
    values = [when.minute, when.hour, when.day, when.month, when.weekday()]
    return all(_fits(field, value) for field, value in zip(fields, values, strict=True))
