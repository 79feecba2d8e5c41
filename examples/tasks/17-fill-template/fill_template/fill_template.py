class MissingValue(KeyError):
    def __init__(self, name):
        pass


class Filler:
    def __init__(self, defaults=None):
        pass

    def names(self, text):
        pass

    def fill(self, text, values):
        pass
