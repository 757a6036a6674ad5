"""Errors that a user reads: one sentence each with what is wrong, where, and what to do."""


class SuiteError(Exception):
    """A problem the user can mend; the command line shows its sentence without a traceback."""

    exit_code = 1


class UsageError(SuiteError):
    """The command or a parameter was written wrongly (exit code 2)."""

    exit_code = 2


class DiskFullError(SuiteError):
    """The disk, a quota or a limit on file sizes leaves no room for what is being written."""


class MissingInputError(SuiteError):
    """Something an earlier notebook makes is not there; the sentence names that notebook."""
