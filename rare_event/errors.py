"""Errors that a user can correct: each says what was found, where, and what to do."""


class RareEventError(Exception):
    """An error that the user can correct; it is shown without a traceback.

    Parameters
    ----------
    sentence
        What was found, where, and what to do. Pages show it, so it names no option.
    option
        A further sentence for the command line: the option that helps.
    """

    def __init__(self, sentence: object = "", option: str = "") -> None:
        super().__init__(sentence)
        self.option = option

    @property
    def on_command_line(self) -> str:
        """The sentence with the option."""
        return f"{self} {self.option}".rstrip()


class TableError(RareEventError):
    """The file or its columns cannot be used as they are."""


class NoRowsError(TableError):
    """The file has no rows of data.

    Parameters
    ----------
    sentence
        As in `RareEventError`.
    columns
        The names in its header; empty if a line of the file was left out, so that it may hold more.
    """

    def __init__(self, sentence: object = "", columns: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.columns = columns


class ConfigError(RareEventError):
    """A setting, or a combination of settings, that cannot work."""


class DataError(RareEventError):
    """The data are readable, but too few or too uniform for the task."""


class NoEventError(DataError):
    """A model that learns from past events has none to learn from."""


class RunError(RareEventError):
    """A run or a dataset of the workspace is missing, damaged or not finished."""


class Cancelled(RareEventError):
    """The user asked for the work to stop."""
