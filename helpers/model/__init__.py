"""Model: networks, training, metrics, explanations, and the engine that predicts."""
