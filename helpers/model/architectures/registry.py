"""Names to networks: register, look up, check the request, build."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from helpers.core.errors import UsageError
from helpers.model.backend import keras

Builder = Callable[..., keras.Model]


@dataclass(frozen=True)
class Architecture:
    """One entry: its builder and what a reader should know before choosing it.

    `smallest` and `usual_size` are image sides in pixels; `source` says whose network it is;
    `application` is the name in `keras.applications` whose ImageNet weights fit, if any.
    """

    name: str
    builder: Builder
    smallest: int
    usual_size: int
    source: str
    application: str | None = None
    frozen: bool = False


_REGISTRY: dict[str, Architecture] = {}


def register(name: str, **facts: object) -> Callable[[Builder], Builder]:
    """Decorate a builder `(name, class_count, image_size, **options) -> keras.Model`."""

    def keep(builder: Builder) -> Builder:
        _REGISTRY[name] = Architecture(name=name, builder=builder, **facts)
        return builder

    return keep


def names() -> list[str]:
    """Every architecture's name, in alphabetical order."""
    return sorted(_REGISTRY)


def describe(name: str) -> Architecture:
    """Look one entry up.

    Raises:
        UsageError: the name is unknown; the nearest real one is suggested.
    """
    if name in _REGISTRY:
        return _REGISTRY[name]
    near = get_close_matches(name, names(), n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}" if near else f"choose one of {', '.join(names())}"
    raise UsageError(f"There is no architecture {name!r}; {hint}?")


def build(
    name: str, classes: Sequence[str] | int, image_size: int, **options: object
) -> keras.Model:
    """Build a network by name, with fresh weights unless an option says otherwise.

    Args:
        name: a name from `names()`.
        classes: class names, or how many there are (2 or more).
        image_size: side of the square film in pixels.
        options: passed to the builder (`frozen`, `backbone_weights` for the ImageNet networks).

    Raises:
        UsageError: unknown name, fewer than two classes, or a film too small for the network.
    """
    entry = describe(name)
    count = classes if isinstance(classes, int) else len(classes)
    if count < 2:
        raise UsageError(
            f"{name} needs at least two classes to tell apart and got {count}; "
            "widen `classes` or the class map."
        )
    if image_size < entry.smallest:
        raise UsageError(
            f"{name} cannot take films of {image_size} pixels, nothing would be left after its "
            f"pooling; set image_size to {entry.smallest} or more ({entry.usual_size} is usual)."
        )
    return entry.builder(name, count, image_size, **options)
