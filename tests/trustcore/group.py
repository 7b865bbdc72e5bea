"""A command group as an installed distribution would offer it."""


def main(argv):
    print(argv)
    return 3
