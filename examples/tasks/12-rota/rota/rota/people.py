def parse_people(text):
    pass
