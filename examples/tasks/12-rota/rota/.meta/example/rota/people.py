def parse_people(text: str) -> dict[str, list[str]]:
    """Read `name: day, day, …` lines into a dictionary from name to days."""
    people = {}
    for line in text.splitlines():
        if line.strip():
            name, _, days = line.partition(":")
            people[name.strip()] = [day.strip() for day in days.split(",")]
    return people
