PHANTOMS = {}


def make_case(*a, **k):
    raise ValueError
