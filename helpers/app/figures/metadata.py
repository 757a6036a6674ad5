"""The words in metadata columns made countable: missing values, countries, ten-year age bins."""

import re

import pandas as pd

from helpers.app.figures.style import UNKNOWN

# Spellings of the covid-chestxray `location` column that mean one country.
_COUNTRY = {
    "USA": "United States",
    "US": "United States",
    "United States of America": "United States",
    "UK": "United Kingdom",
    "England": "United Kingdom",
    "Scotland": "United Kingdom",
    "Korea": "South Korea",
    "Republic of Korea": "South Korea",
    "Macao": "China",
    "Viet Nam": "Vietnam",
    "The Netherlands": "Netherlands",
}


def known_values(table: pd.DataFrame, column: str) -> pd.Series:
    """The column as text, empty and missing cells as `unknown`; length of the table."""
    if column not in table:
        return pd.Series(UNKNOWN, index=table.index, dtype="object")
    values = table[column].astype("object")
    text = values.where(values.notna(), UNKNOWN).astype(str).str.strip()
    return text.where(text.str.lower() != "nan", UNKNOWN).replace("", UNKNOWN)


def countries(table: pd.DataFrame) -> pd.Series:
    """The country of each row: what follows the last comma (or full stop) of `location`."""
    places = known_values(table, "location")
    last = places.map(lambda place: re.split(r"[,.]", place.strip(" .,"))[-1].strip())
    return last.replace(_COUNTRY).replace("", UNKNOWN)


def age_bins(table: pd.DataFrame) -> pd.Series:
    """The age of each row in ten-year bins: `40-49` years, or `unknown`."""
    years = pd.to_numeric(known_values(table, "age"), errors="coerce")
    decade = (years // 10 * 10).where(years.between(0, 120), -1).astype(int)
    return decade.map(lambda low: f"{low}–{low + 9}" if low >= 0 else UNKNOWN)
