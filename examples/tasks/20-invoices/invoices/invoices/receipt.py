def make_receipt(text):
    pass
