"""One film's result as the page shows it: words, bars, and pictures of film and saliency."""

import secrets
from dataclasses import dataclass

from helpers.app.messages import Messages
from helpers.app.overlays import overlay, shrink
from helpers.app.server.state import ServerState
from helpers.app.widgets.cards import picture
from helpers.model.prediction import Prediction

SIDE = 640  # pixels of the longer side: sharp on a phone, and 32 films still make a page


@dataclass(frozen=True)
class View:
    """One picture of a film: `name` is what the choice beside it says."""

    name: str
    words: str
    address: str


@dataclass(frozen=True)
class Result:
    """One film on the result page; `sealed` comes back with feedback on it."""

    number: int
    name: str
    prediction: Prediction
    calibrated: bool
    uncertain: bool
    views: tuple[View, ...]
    sealed: str


def show_result(
    number: int, prediction: Prediction, messages: Messages, state: ServerState
) -> Result:
    """Draw one prediction."""
    confidence = prediction.confidence
    return Result(
        number=number,
        name=prediction.file or messages.say("film_name", number=number),
        prediction=prediction,
        calibrated=state.reader.predictor.temperature is not None,
        uncertain=confidence is not None and confidence < state.settings.uncertain_below,
        views=_views(prediction, messages, number),
        sealed=_seal(prediction, state) if prediction.accepted else "",
    )


def _views(prediction: Prediction, messages: Messages, number: int) -> tuple[View, ...]:
    """The film with the saliency of its class first, then of the others, then the film alone."""
    if prediction.film is None:
        return ()
    film = shrink(prediction.film, SIDE)
    name = messages.say("film_name", number=number)
    plain = View(messages.say("page_film_alone"), name, picture(film))
    labels = sorted(prediction.probabilities, key=lambda label: label != prediction.label)
    drawn = []
    for label in labels:
        found = prediction.saliency_of(label)
        if found is not None:
            said = {"name": name, "label": messages.class_name(prediction.label)}
            words = messages.say("film_alt", **said, saliency=messages.class_name(label))
            drawn.append(View(messages.class_name(label), words, picture(overlay(film, found))))
    return (*drawn, plain)


def _seal(prediction: Prediction, state: ServerState) -> str:
    return state.signer.seal(
        {
            "id": secrets.token_hex(8),
            "run": state.settings.run,
            "stamp": prediction.stamp,
            "label": prediction.label,
            "confidence": round(prediction.confidence, 6),
        }
    )
