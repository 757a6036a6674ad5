"""04: the answers on weights, early stopping and a network's judgement of unknown films."""

import numpy as np

from helpers.data.phantoms import generate_collection
from helpers.suite.exercises.data import lessons
from helpers.suite.exercises.partial import array, between, members, shares

AUROC_FLOOR, AUROC_FULL = 0.60, 0.74  # as the task says


def test_04_weights(answers, seed):
    given, expected = answers["04_weights"], _weights(lessons.draw_design(seed))
    assert isinstance(given, list), "The weights should be a list."
    assert len(given) == len(expected), f"There are {len(expected)} layers with weights."
    right = {f"layer {n}": a == b for n, (a, b) in enumerate(zip(given, expected, strict=True), 1)}
    return shares(right, "The number is not right for: {wrong}.")


def test_04_stop(answers, seed):
    given = members(answers["04_stop"], ["stopped", "kept"], "The stop")
    losses, patience = lessons.draw_history(seed)
    losses = losses.set_index("epoch")["val_loss"]
    for epoch in losses.index:
        kept = losses.loc[:epoch].idxmin()
        if epoch - kept == patience:
            break
    right = {"stopped": given["stopped"] == epoch, "kept": given["kept"] == kept}
    return shares(right, "Not right: {wrong}.")


def test_04_suspicion(answers, seed):
    ill = _truth(seed)
    given = array(answers["04_suspicion"], ill.shape, "The suspicion")
    auroc = _auroc(ill, given)
    return between(
        auroc,
        AUROC_FLOOR,
        AUROC_FULL,
        f"AUROC {auroc:.2f} on the unknown films; {AUROC_FULL:.2f} earns all points.",
    )


def _truth(seed: int) -> np.ndarray:
    """What the unknown films show: drawn again, past those that were to learn from."""
    films = generate_collection(lessons.TRAINING + lessons.UNKNOWN, seed, **lessons.OPTIONS)
    return np.array([film.label == "Pneumonia" for film in films])[lessons.TRAINING :]


def _weights(design: lessons.Design) -> list[int]:
    before = [1, *(filters for filters, _ in design.convolutions)]
    counts = [
        window**2 * maps * filters + filters
        for maps, (filters, window) in zip(before, design.convolutions, strict=False)
    ]
    edge = design.size // 2 ** len(design.convolutions)
    counts.append(edge**2 * before[-1] * design.dense + design.dense)
    return [*counts, design.dense * design.classes + design.classes]


def _auroc(ill: np.ndarray, suspicion: np.ndarray) -> float:
    """How often an ill film stands above a healthy one; ties count half."""
    difference = suspicion[ill][:, None] - suspicion[~ill][None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)
