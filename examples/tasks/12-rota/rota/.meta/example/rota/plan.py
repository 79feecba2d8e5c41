class NobodyFree(Exception):
    """Nobody can work on a day."""

    def __init__(self, day: str) -> None:
        super().__init__(f"nobody can work on {day}")
        self.day = day


def make_plan(people: dict[str, list[str]], days: list[str]) -> dict[str, str]:
    """Give each day to the person who can work on it and has the fewest days so far."""
    worked = dict.fromkeys(people, 0)
    plan = {}
    for day in days:
        free = [name for name, can in people.items() if day in can]
        if not free:
            raise NobodyFree(day)
        chosen = min(free, key=lambda name: worked[name])
        worked[chosen] += 1
        plan[day] = chosen
    return plan
