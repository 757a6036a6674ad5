"""Quick validation scores after each epoch; `helpers.model.metrics` holds the full evaluation."""

import numpy as np
from sklearn.metrics import f1_score, log_loss


def score_validation(codes: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Cross-entropy, accuracy and macro-F1 of probabilities (N, C) against class codes (N,)."""
    classes = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    total = probabilities.astype(np.float64)
    return {
        "val_loss": float(log_loss(codes, total / total.sum(1, keepdims=True), labels=classes)),
        "val_accuracy": float(np.mean(predicted == codes)),
        "val_macro_f1": float(
            f1_score(codes, predicted, labels=classes, average="macro", zero_division=0)
        ),
    }
