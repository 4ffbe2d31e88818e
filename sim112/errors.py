"""What goes wrong because of what a user gave, told in one line."""


class InputError(ValueError):
    """A bad input: one clear line that names the place, the value and what would be right.

    The place is a file and row number, or a key. Commands print the line and end with status 2.
    """
