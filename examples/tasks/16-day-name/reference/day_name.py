from datetime import datetime

NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day_name(text: str) -> str:
    """The English name of the weekday of a date that is written as `YYYY-MM-DD`."""
    return NAMES[datetime.strptime(text.strip(), "%Y-%m-%d").weekday()]
