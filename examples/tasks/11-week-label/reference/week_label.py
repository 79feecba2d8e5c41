from datetime import date


def week_label(day: date) -> str:
    """Name the calendar week of a day as `YYYY-Www`, by ISO 8601."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"
