"""What lateness costs: from deadline, time zone and policy to a factor and a sentence."""

import math
from datetime import UTC, datetime, timedelta

from helpers.suite.grading.marks.rubric import Rubric

DAY = timedelta(days=1)


def lateness(
    rubric: Rubric, submitted: datetime | None, *, said_late: bool = False
) -> tuple[float, str]:
    """The factor on the score (1 on time, 0 when closed), and the sentence, empty on time.

    submitted: when it was handed in; a time without a zone is in the deadline's. said_late: an LMS
    said so without saying how late, which counts as one day begun when no time is known.
    """
    due, policy = rubric.due, rubric.late
    if due is None or (submitted is None and not said_late):
        return 1.0, ""
    if submitted is None:
        return _charged(rubric, 1, "Handed in late by the LMS's mark; one day is counted")
    moment = submitted if submitted.tzinfo else submitted.replace(tzinfo=due.tzinfo)
    # In UTC, since Python compares clocks, not moments, where both are of one zone.
    over = moment.astimezone(UTC) - due.astimezone(UTC) - timedelta(minutes=policy.grace_minutes)
    if over <= timedelta(0):
        return 1.0, ""
    days = math.ceil(over / DAY)
    when = moment.astimezone(due.tzinfo).strftime("%Y-%m-%d %H:%M %Z")
    return _charged(rubric, days, f"Handed in {when}, {_days(days)} late")


def _charged(rubric: Rubric, days: int, words: str) -> tuple[float, str]:
    policy = rubric.late
    if policy.closed_after_days is not None and days > policy.closed_after_days:
        return 0.0, f"{words}, after it was closed: nothing is earned."
    percent = min(100.0, policy.percent_per_day * days)
    cost = f"{percent:g} % of the score is taken off" if percent else "nothing is taken off"
    return 1 - percent / 100, f"{words}: {cost}."


def _days(number: int) -> str:
    return "one day begun" if number == 1 else f"{number} days begun"
