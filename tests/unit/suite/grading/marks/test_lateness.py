"""Lateness: a deadline in its time zone, grace, a share a day, closed in the end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpers.suite.grading.marks.lateness import lateness
from helpers.suite.grading.marks.rubric import Rubric

CHECK = {"id": "a", "notebook": "01_x", "title": "A", "points": 1, "kind": "cell", "cell": "c"}
POLICY = {"grace_minutes": 15, "percent_per_day": 10, "closed_after_days": 5}


def rubric(deadline: str | None = "2026-10-01 23:59", zone: str | None = "Europe/Berlin") -> Rubric:
    return Rubric(version=1, checks=[CHECK], late=POLICY, deadline=deadline, time_zone=zone)


DUE = datetime(2026, 10, 1, 23, 59, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("after", "factor"),
    [
        (timedelta(hours=-9), 1.0),
        (timedelta(0), 1.0),
        (timedelta(minutes=15), 1.0),
        (timedelta(minutes=16), 0.9),
        (timedelta(days=1, minutes=15), 0.9),
        (timedelta(days=1, minutes=16), 0.8),
        (timedelta(days=5, minutes=15), 0.5),
        (timedelta(days=5, minutes=16), 0.0),
    ],
)
def test_each_day_begun_costs_its_share(after: timedelta, factor: float) -> None:
    found, sentence = lateness(rubric(), DUE + after)
    assert found == pytest.approx(factor)
    assert bool(sentence) == (factor < 1)


def test_the_zone_decides_not_the_clock() -> None:
    in_time = datetime(2026, 10, 1, 21, 59, tzinfo=UTC)  # 23:59 in Berlin
    assert lateness(rubric(), in_time)[0] == 1
    assert lateness(rubric(), in_time + timedelta(hours=2))[0] < 1
    assert lateness(rubric("2026-10-01T23:59:00-07:00", None), in_time + timedelta(hours=9))[0] == 1


def test_the_hour_that_comes_twice_is_counted_as_it_passed() -> None:
    # Clocks in Berlin go back on 2026-10-25 at 03:00: 24 hours later it is 22:59 on the clock.
    due = rubric("2026-10-24 23:59")
    later = due.due.astimezone(UTC) + timedelta(days=1, minutes=15)
    assert lateness(due, later)[0] == pytest.approx(0.9)
    assert lateness(due, later + timedelta(minutes=1))[0] == pytest.approx(0.8)


def test_a_time_without_a_zone_is_in_that_of_the_deadline() -> None:
    assert lateness(rubric(), datetime(2026, 10, 2, 0, 10))[0] == 1
    assert lateness(rubric(), datetime(2026, 10, 2, 0, 15))[0] < 1


def test_the_sentence_tells_when_and_what_it_costs() -> None:
    _, sentence = lateness(rubric(), DUE + timedelta(days=1))
    assert sentence == (
        "Handed in 2026-10-02 23:59 CEST, one day begun late: 10 % of the score is taken off."
    )


def test_an_lms_that_only_says_late_costs_one_day() -> None:
    factor, sentence = lateness(rubric(), None, said_late=True)
    assert factor == pytest.approx(0.9)
    assert "one day is counted" in sentence


def test_without_deadline_or_time_nothing_is_late() -> None:
    assert lateness(rubric(None, None), DUE, said_late=True) == (1.0, "")
    assert lateness(rubric(), None) == (1.0, "")
