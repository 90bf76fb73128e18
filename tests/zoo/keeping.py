"""A module beside an adapter, so that the interpreter has something to compile and to keep."""


def keep(file, line):
    try:
        with open(file, "ab") as kept:
            kept.write(line)
    except OSError:
        pass
