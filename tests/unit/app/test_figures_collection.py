"""Charts of a manifest: counts are right, the unknown is shown, gaps break nothing."""

from collections.abc import Callable

import pandas as pd
import pytest
from matplotlib.figure import Figure

from helpers.app.figures import alt_text, collection, png_bytes
from helpers.app.figures.metadata import UNKNOWN, age_bins, countries, known_values

CHARTS = [
    collection.statuses,
    collection.class_balance,
    collection.findings,
    collection.views,
    collection.modalities,
    collection.sexes,
    collection.survival,
    collection.origins,
    collection.ages,
    collection.image_sizes,
    collection.films_per_patient,
    collection.completeness,
]


@pytest.fixture
def manifest() -> pd.DataFrame:
    """Six films of five patients; the last film is excluded and nothing is known of it."""
    return pd.DataFrame(
        {
            "key": [f"p/{number}.png" for number in range(6)],
            "label": ["COVID-19", "COVID-19", "No finding", "Pneumonia", "Pneumonia", None],
            "finding": ["COVID-19", "COVID-19", "No Finding", "Pneumonia", "Pneumonia", "SARS"],
            "patient_id": ["1", "1", "2", "3", "4", "5"],
            "view": ["PA", "AP Supine", "PA", "AP", "PA", "L"],
            "width": [256, 256, 512, 512, 300, None],
            "height": [256, 256, 512, 400, 300, None],
            "status": ["used"] * 5 + ["excluded"],
            "reason": [None] * 5 + ["view L is not among PA, AP, AP Supine"],
            "sex": ["M", "F", None, "M", "M", None],
            "age": [45, 49.0, None, 50, "", None],
            "survival": ["Y", "N", None, None, None, None],
            "modality": "X-ray",
            "location": ["Wuhan, China", "China", "Rome, Italy", None, "Boston, USA", ""],
        }
    )


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_draws_and_says_something(
    chart: Callable[..., Figure], manifest: pd.DataFrame
) -> None:
    figure = chart(manifest)
    assert len(png_bytes(figure)) < 80_000
    assert len(alt_text(figure)) > 15


@pytest.mark.parametrize("chart", CHARTS)
def test_a_collection_without_metadata_is_all_unknown(
    chart: Callable[..., Figure], manifest: pd.DataFrame
) -> None:
    bare = manifest[["key", "label", "finding", "patient_id", "width", "height", "status"]]
    chart(bare).draw_without_rendering()


@pytest.mark.parametrize("chart", CHARTS)
def test_no_film_at_all_is_drawn_too(chart: Callable[..., Figure], manifest: pd.DataFrame) -> None:
    chart(manifest.iloc[:0]).draw_without_rendering()


def test_unknown_has_a_bar_of_its_own_at_the_end(manifest: pd.DataFrame) -> None:
    axes = collection.sexes(manifest).axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["male", "female", UNKNOWN]
    assert axes.containers[0].patches[-1].get_hatch()
    assert "unknown 2" in alt_text(collection.sexes(manifest))
    assert "Unknown for 33%" in alt_text(collection.sexes(manifest))


def test_bars_are_divided_by_class(manifest: pd.DataFrame) -> None:
    axes = collection.views(manifest).axes[0]
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in axes.containers}
    assert widths["COVID-19"][0] == 1  # PA stands first: three films, one of each class
    assert widths["No finding"][0] == 1
    assert widths["Pneumonia"][0] == 1


def test_class_balance_counts_patients_too(manifest: pd.DataFrame) -> None:
    words = alt_text(collection.class_balance(manifest))
    assert "Films: COVID-19 2" in words
    assert "Patients: COVID-19 1; No finding 1; Pneumonia 2" in words


def test_several_films_of_a_patient_are_pointed_out(manifest: pd.DataFrame) -> None:
    assert "1 of them have more than one film" in alt_text(collection.films_per_patient(manifest))


def test_rare_findings_are_gathered_but_counted(manifest: pd.DataFrame) -> None:
    words = alt_text(collection.findings(manifest, most=1))
    assert words.startswith("Finding of 6 films: ")
    assert "other (3) 4" in words


def test_ages_fall_into_ten_year_bins(manifest: pd.DataFrame) -> None:
    bins = age_bins(manifest)
    assert list(bins) == ["40–49", "40–49", UNKNOWN, "50–59", UNKNOWN, UNKNOWN]
    wrong = pd.DataFrame({"age": [-3, 999, "about 40"]})
    assert set(age_bins(wrong)) == {UNKNOWN}


@pytest.mark.parametrize(
    ("location", "country"),
    [
        ("Wuhan, China", "China"),
        ("China", "China"),
        ("Boca Raton, Florida , USA", "United States"),
        ("Ospedale Santo Spirito. Rome, Italy", "Italy"),
        ("Birmingham, UK", "United Kingdom"),
        ("", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_countries_are_read_from_locations(location: str | None, country: str) -> None:
    assert countries(pd.DataFrame({"location": [location]})).tolist() == [country]


def test_missing_words_and_missing_columns_are_unknown() -> None:
    table = pd.DataFrame({"sex": ["M", "", " ", None, float("nan"), "nan"]})
    assert known_values(table, "sex").tolist() == ["M", *[UNKNOWN] * 5]
    assert known_values(table, "age").tolist() == [UNKNOWN] * 6


@pytest.mark.films
def test_real_metadata_is_drawn_whole(films) -> None:
    table = pd.read_csv(films / "cohen" / "metadata.csv").rename(
        columns={"patientid": "patient_id"}
    )
    words = alt_text(collection.findings(table.assign(label=None), most=30))
    assert f"Finding of {len(table)} films: COVID-19 526" in words
    shown = countries(table)
    assert not shown.isin(["USA", "UK"]).any()
    assert (shown == UNKNOWN).sum() == table["location"].isna().sum()
