"""The history: CSV that a program reads, a table and a page that people read."""

import base64
import csv
import io
import re

from helpers.app.messages import Messages
from helpers.app.widgets.history import SHOWN_ROWS, download_link, to_csv, to_page, to_table

ENGLISH = Messages("en")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_a_line_a_film_with_every_class(entry) -> None:
    first, second = rows(to_csv([entry(1, "Pneumonia", 0.83), entry(2, None)], 0.9))
    assert first["film"] == "Film 1"
    assert first["label"] == "Pneumonia"
    assert float(first["p_Pneumonia"]) == 0.83
    assert (first["uncertain"], first["accepted"]) == ("True", "True")
    assert second["reason"] == "The file is empty."
    assert second["p_Pneumonia"] == ""
    assert "secret-name" not in to_csv([entry(1)], 0.5)


def test_the_csv_of_an_empty_session_is_its_head() -> None:
    assert rows(to_csv([], 0.5)) == []


def test_a_name_that_is_a_formula_is_defused(entry) -> None:
    (row,) = rows(to_csv([entry(1, name='=HYPERLINK("http://x")')], 0.5))
    assert row["film"].startswith("'=")


def test_the_table_shows_the_newest_rows_first_and_says_how_many_there_are(entry) -> None:
    entries = [entry(number, None) for number in range(1, SHOWN_ROWS + 11)]
    html = to_table(entries, ENGLISH, 0.5)
    assert html.index(f"Film {SHOWN_ROWS + 10}<") < html.index(f"Film {SHOWN_ROWS}<")
    assert "Film 10<" not in html
    assert f"all {SHOWN_ROWS + 10}" in html


def test_the_printed_page_stands_alone_with_thumbnails_and_notice(entry) -> None:
    page = to_page([entry(1), entry(2, None)], Messages("es"), 0.9, "small")
    assert page.startswith("<!doctype html>")
    assert 'lang="es"' in page
    assert page.count("data:image/jpeg") == 1
    assert "ni un diagnóstico" in page
    assert not re.findall(r'(?:src|href)=(?!"data:)', page)


def test_the_link_holds_the_file(entry) -> None:
    link = download_link("CSV", 'a".csv', "film\r\né", "text/csv")
    encoded = re.search(r"base64,([^\"]+)", link).group(1)
    assert base64.b64decode(encoded).decode() == "film\r\né"
    assert 'download="a&quot;.csv"' in link
