"""What a person did wrong, as opposed to a bug."""


class UserError(ValueError):
    """An input that a person can mend: one line with what arrived, what was expected and what to do.

    A command prints it and ends with exit code 1. Any other exception is a bug and keeps its traceback.
    """
