from datetime import date


def days_left(today: date, deadline: date) -> int:
    """How many days are left until a deadline, never less than 0."""
    return max((deadline - today).days, 0)
