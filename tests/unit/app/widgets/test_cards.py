"""A card says everything about one film in words, and nothing from outside gets into its HTML."""

from helpers.app.messages import Messages
from helpers.app.widgets.cards import card, percent
from helpers.data.remarks import Remark

ENGLISH = Messages("en")


def test_an_accepted_film_shows_class_bars_confidence_stamp_and_notice(entry) -> None:
    html = card(entry(1, "Pneumonia", 0.83), ENGLISH, 0.7)
    for words in ("Film 1", "Pneumonia", "83.0 %", "8.5 %", "Calibrated confidence 83.0 %"):
        assert words in html
    assert "Model not audited" in html
    assert "never a diagnosis" in html
    assert html.count("cxr-bar") >= 3
    assert 'alt="Small picture of Film 1"' in html


def test_below_the_threshold_it_says_uncertain(entry) -> None:
    film = entry(1, "Pneumonia", 0.83)
    assert "ask a radiologist" not in card(film, ENGLISH, 0.83)
    assert "ask a radiologist" in card(film, ENGLISH, 0.84)


def test_without_a_temperature_confidence_is_called_uncalibrated(entry) -> None:
    assert "not calibrated" in card(entry(1, calibrated=False), ENGLISH, 0.5)


def test_a_film_turned_away_shows_its_reason_and_no_class(entry) -> None:
    html = card(entry(1, None, reason=Remark("several_frames", frames=4)), Messages("es"), 0.7)
    assert "4 fotogramas" in html
    assert "cxr-bars" not in html
    assert "ni un diagnóstico" in html


def test_notes_and_dicom_codes_stand_on_the_card(entry) -> None:
    film = entry(1, notes=(Remark("deep", bits=12),), tags={"Modality": "DX", "BitsStored": "12"})
    html = card(film, Messages("hi"), 0.5)
    assert "12-बिट" in html
    assert "DX · 12 bit" in html


def test_nothing_from_outside_becomes_markup(entry) -> None:
    evil = '<img src=x onerror=alert(1)>"'
    html = card(entry(1, name=evil, notes=(evil,), stamp=evil, tags={"View": evil}), ENGLISH, 0.5)
    html += card(entry(2, None, name=evil, reason=evil), ENGLISH, 0.5)
    assert "<img src=x" not in html


def test_percent_never_rounds_up_to_certainty() -> None:
    assert [percent(share) for share in (0, 0.5, 0.99999, 1)] == [
        "0.0 %",
        "50.0 %",
        "99.9 %",
        "100.0 %",
    ]
