"""The optimiser and its learning-rate schedule, as the parameters name them."""

from helpers.core.params import Parameters
from helpers.model.backend import keras
from helpers.model.batches import steps_per_epoch

# One-cycle (Smith 2018): rise from a 25th of the peak over 30 % of the steps, then fall by cosine.
_RISE_FROM, _RISE_PART, _FALL_TO = 1 / 25, 0.3, 1e-4


def make_optimizer(settings: Parameters, training_films: int) -> keras.optimizers.Optimizer:
    """Build Adam, AdamW, RMSprop or SGD with momentum, on the schedule asked for."""
    steps = settings.epochs * steps_per_epoch(training_films, settings.batch_size)
    rate = learning_rate(settings.schedule, settings.learning_rate, steps)
    optimizers = keras.optimizers
    if settings.optimizer == "adamw":
        return optimizers.AdamW(rate, weight_decay=settings.weight_decay)
    if settings.optimizer == "sgd":
        return optimizers.SGD(rate, momentum=0.9, nesterov=True)
    return {"adam": optimizers.Adam, "rmsprop": optimizers.RMSprop}[settings.optimizer](rate)


def learning_rate(
    schedule: str, peak: float, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """A constant rate, a cosine from `peak` to zero, or one cycle up to `peak` and down again."""
    decay = keras.optimizers.schedules.CosineDecay
    if schedule == "cosine":
        return decay(peak, decay_steps=steps)
    if schedule == "one_cycle":
        rise = max(1, round(_RISE_PART * steps))
        return decay(
            peak * _RISE_FROM,
            decay_steps=max(1, steps - rise),
            alpha=_FALL_TO,
            warmup_target=peak,
            warmup_steps=rise,
        )
    return peak
