"""One film's result as HTML: thumbnail, class, bars, confidence, stamp, remarks, notice."""

import base64
from html import escape

import cv2
import numpy as np

from helpers.app.messages import Messages
from helpers.app.overlays import shrink
from helpers.app.widgets.session import Entry

THUMBNAIL = 112  # pixels of the longer side


def card(entry: Entry, messages: Messages, threshold: float) -> str:
    """The card of one film; every word that came from outside is escaped."""
    prediction = entry.prediction
    body = (
        _accepted(entry, messages, threshold)
        if prediction.accepted
        else f'<p class="cxr-label">{escape(messages.say("turned_away"))}</p>'
        f"<p>{escape(messages.remark(prediction.reason))}</p>"
    )
    kind = "cxr-away" if not prediction.accepted else ""
    kind = "cxr-doubt" if entry.uncertain(threshold) else kind
    return (
        f'<article class="cxr-card {kind}" aria-label="{escape(entry.name, quote=True)}">'
        f"{_thumbnail(entry, messages)}"
        f'<div class="cxr-words"><p class="cxr-name">{escape(entry.name)}{_tags(entry)}</p>'
        f"{body}{_remarks(entry, messages)}"
        f'<p class="cxr-notice">{escape(messages.say("notice"))}</p></div></article>'
    )


def _accepted(entry: Entry, messages: Messages, threshold: float) -> str:
    prediction = entry.prediction
    say = messages.say
    sure = say(
        "confidence" if entry.calibrated else "confidence_raw",
        percent=percent(prediction.confidence),
    )
    doubt = (
        f'<span class="cxr-uncertain">▲ {escape(say("uncertain"))}</span>'
        if entry.uncertain(threshold)
        else ""
    )
    return (
        f'<p class="cxr-label">{escape(messages.class_name(prediction.label))}</p>'
        f"<p>{escape(messages.class_sentence(prediction.label))}</p>"
        f"{_bars(entry, messages)}"
        f'<p class="cxr-confidence">{escape(sure)} {doubt}</p>'
        f'<p><span class="cxr-stamp {stamp_class(prediction.stamp)}">'
        f"{escape(messages.stamp(prediction.stamp))}</span></p>"
    )


def _bars(entry: Entry, messages: Messages) -> str:
    """A row of name, bar and number for each class; the class found is told by weight too."""
    rows = [
        f'<tr class="{"cxr-found" if label == entry.prediction.label else ""}">'
        f'<th scope="row">{escape(messages.class_name(label))}</th>'
        f'<td class="cxr-track"><div class="cxr-bar" style="width:{100 * p:.1f}%"></div></td>'
        f"<td>{percent(p)}</td></tr>"
        for label, p in entry.prediction.probabilities.items()
    ]
    caption = escape(messages.say("probabilities"), quote=True)
    return f'<table class="cxr-bars" aria-label="{caption}">{"".join(rows)}</table>'


def _thumbnail(entry: Entry, messages: Messages) -> str:
    if entry.film is None:
        return '<div class="cxr-thumb cxr-nothing" aria-hidden="true"></div>'
    words = escape(messages.say("thumbnail_of", name=entry.name), quote=True)
    return f'<img class="cxr-thumb" alt="{words}" src="{picture(shrink(entry.film, THUMBNAIL))}">'


def _tags(entry: Entry) -> str:
    tags = dict(entry.prediction.tags)
    bits = tags.pop("BitsStored", None)
    words = [*tags.values(), *([f"{bits} bit"] if bits else [])]
    return f" <small>{escape(' · '.join(words))}</small>" if words else ""


def _remarks(entry: Entry, messages: Messages) -> str:
    remarks = [f"<li>{escape(messages.remark(note))}</li>" for note in entry.prediction.notes]
    return f'<ul class="cxr-notes">{"".join(remarks)}</ul>' if remarks else ""


def stamp_class(stamp: str) -> str:
    """The style of a stamp: passed, failed or none; the words carry the meaning."""
    return {"audit passed": "cxr-passed", "not audited": "cxr-none"}.get(stamp, "cxr-failed")


def percent(share: float) -> str:
    """83.2 %; never 100 % for what is less."""
    return f"{min(100 * share, 99.9) if share < 1 else 100:.1f} %"


def picture(pixels: np.ndarray, quality: int = 90) -> str:
    """A data: address of uint8 (H, W) grey or (H, W, 3) RGB, for an <img>."""
    ordered = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    data = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()
