class NobodyFree(Exception):
    def __init__(self, day):
        pass


def make_plan(people, days):
    pass
