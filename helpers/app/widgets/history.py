"""The session as a table on the page, a CSV file, and a page to print."""

import base64
import csv
import io
from collections.abc import Sequence
from html import escape

from helpers.app.messages import Messages
from helpers.app.overlays import shrink
from helpers.app.widgets.cards import percent, picture
from helpers.app.widgets.session import Entry

SHOWN_ROWS = 200
PRINTED_THUMBNAIL = 72
# A spreadsheet takes a cell that begins so for a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
PRINT_STYLE = """
body{font:14px/1.4 sans-serif;margin:2em;color:#111}h1{font-size:1.3em}
table{border-collapse:collapse;width:100%}
th,td{border:1px solid #999;padding:4px 8px;text-align:left}
tr{break-inside:avoid}.notice{border:2px solid #111;padding:.5em}img{max-width:72px}
"""


def to_csv(entries: Sequence[Entry], threshold: float) -> str:
    """One line a film with plain English column names; made for programs, so not translated."""
    classes = sorted({name for entry in entries for name in entry.prediction.probabilities})
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(
        ["film", "time", "accepted", "label", "confidence", "calibrated", "uncertain"]
        + [f"p_{name}" for name in classes]
        + ["stamp", "reason", "notes", "milliseconds"]
    )
    for entry in entries:
        prediction = entry.prediction
        shares = [prediction.probabilities.get(name) for name in classes]
        writer.writerow(
            [
                _no_formula(entry.name),
                entry.time.isoformat(timespec="seconds"),
                prediction.accepted,
                prediction.label or "",
                _number(prediction.confidence),
                entry.calibrated,
                entry.uncertain(threshold),
                *(_number(share) for share in shares),
                prediction.stamp,
                _no_formula(str(prediction.reason or "")),
                _no_formula(" ".join(str(note) for note in prediction.notes)),
                f"{prediction.milliseconds:.1f}",
            ]
        )
    return buffer.getvalue()


def to_table(entries: Sequence[Entry], messages: Messages, threshold: float) -> str:
    """The newest rows as an HTML table for the panel."""
    newest = entries[: -SHOWN_ROWS - 1 : -1]
    cut = messages.say("history_shown", count=len(newest), total=len(entries))
    below = f"<p>{escape(cut)}</p>" if len(newest) < len(entries) else ""
    return f'<div class="cxr-history">{_table(newest, messages, threshold, False)}</div>{below}'


def to_page(entries: Sequence[Entry], messages: Messages, threshold: float, run: str) -> str:
    """A whole page to print or keep: thumbnails, results and the notice; no outside parts."""
    title = escape(f"{messages.say('history')} · {run}")
    return (
        f'<!doctype html><html lang="{messages.language}"><meta charset="utf-8">'
        f"<title>{title}</title><style>{PRINT_STYLE}</style><h1>{title}</h1>"
        f'<p class="notice">{escape(messages.say("notice"))}</p>'
        f"{_table(entries, messages, threshold, True)}</html>"
    )


def download_link(words: str, name: str, content: str, kind: str) -> str:
    """A link that holds the file itself, so nothing is written on the server."""
    encoded = base64.b64encode(content.encode("utf-8")).decode()
    return (
        f'<a class="cxr-download" download="{escape(name, quote=True)}" '
        f'href="data:{kind};charset=utf-8;base64,{encoded}">↓ {escape(words)}</a>'
    )


def _table(entries: Sequence[Entry], messages: Messages, threshold: float, pictures: bool) -> str:
    heads = ["film", "result", "confidence", "remarks", "audit", "milliseconds"]
    cells = "".join(f'<th scope="col">{escape(messages.say(f"history_{h}"))}</th>' for h in heads)
    rows = "".join(_row(entry, messages, threshold, pictures) for entry in entries)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _row(entry: Entry, messages: Messages, threshold: float, pictures: bool) -> str:
    prediction = entry.prediction
    label = messages.class_name(prediction.label) if prediction.accepted else None
    sure = percent(prediction.confidence) if prediction.accepted else "–"
    remarks = [messages.remark(note) for note in prediction.notes]
    if entry.uncertain(threshold):
        remarks.insert(0, "▲ " + messages.say("uncertain"))
    if prediction.reason:
        remarks.insert(0, messages.remark(prediction.reason))
    cells = [
        entry.name,
        label or messages.say("turned_away"),
        sure,
        " ".join(remarks),
        messages.stamp(prediction.stamp),
        f"{prediction.milliseconds:.0f}",
    ]
    thumbnail = ""
    if pictures and entry.film is not None:
        thumbnail = f'<img alt="" src="{picture(shrink(entry.film, PRINTED_THUMBNAIL), 70)}"><br>'
    first, *others = (escape(cell) for cell in cells)
    return f"<tr><td>{thumbnail}{first}</td>" + "".join(f"<td>{c}</td>" for c in others) + "</tr>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _no_formula(text: str) -> str:
    return "'" + text if text.startswith(FORMULA_SIGNS) else text
