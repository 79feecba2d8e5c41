class MissingValue(KeyError):
    def __init__(self, name):
        pass


class Template:
    def __init__(self, text):
        pass

    def names(self):
        pass

    def fill(self, values):
        pass
