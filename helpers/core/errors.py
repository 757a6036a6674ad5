"""Errors that a user reads: one sentence each with what is wrong, where, and what to do."""


class SuiteError(Exception):
    """A problem the user can mend; the command line shows its sentence without a traceback."""

    exit_code = 1


class UsageError(SuiteError):
    """The command or a parameter was written wrongly (exit code 2)."""

    exit_code = 2


class MissingInputError(SuiteError):
    """Something an earlier notebook makes is not there; the sentence names that notebook."""
