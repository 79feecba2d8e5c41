def day_name(text: str) -> str:
    """The English name of the weekday of a date, such as `Monday`.

    The date is written as `YYYY-MM-DD`; spaces around it do not matter. What is no date raises ValueError.
    """
