"""Networks from `keras.applications`: B's and D's frozen extractors, and three to train whole.

Without weights they are built with random ones; `helpers.model.weights` finds ImageNet's.
"""

from collections.abc import Callable
from pathlib import Path

from helpers.model.architectures.layers import (
    Tensor,
    as_colour,
    film_input,
    mark_saliency,
    softmax_end,
    to_unit,
)
from helpers.model.architectures.registry import register
from helpers.model.backend import keras

layers = keras.layers
Head = Callable[[Tensor], Tensor]


def _symmetric(films: Tensor) -> Tensor:
    """0..255 to -1..1, as Inception, Xception and MobileNet were trained."""
    return layers.Rescaling(1 / 127.5, offset=-1.0, name="to_symmetric")(films)


def _centred(films: Tensor) -> Tensor:
    """Subtract ImageNet's blue, green and red means, as ResNet was trained."""
    return layers.Normalization(
        mean=[103.939, 116.779, 123.68], variance=[1.0, 1.0, 1.0], name="centred"
    )(films)


def _standardised(films: Tensor) -> Tensor:
    """Red, green, blue over 255, less the mean, over the deviation, as DenseNet was trained."""
    mean = [255 * value for value in (0.485, 0.456, 0.406)]
    variance = [(255 * value) ** 2 for value in (0.229, 0.224, 0.225)]
    return layers.Normalization(mean=mean, variance=variance, name="standardised")(films)


def _pooled(features: Tensor) -> Tensor:
    return layers.GlobalAveragePooling2D()(features)


def _flat_dense(features: Tensor) -> Tensor:
    return layers.Dense(256, activation="relu")(layers.Flatten()(features))


def _register_backbone(
    name: str,
    application: str,
    *,
    prepare: Head,
    smallest: int,
    usual_size: int,
    source: str,
    frozen: bool = False,
    neck: Head = _pooled,
    extra: dict | None = None,
) -> None:
    """Register one application under the suite's name; `prepare` holds its own rescaling."""
    frozen_by_default = frozen

    def builder(
        name: str,
        class_count: int,
        image_size: int,
        *,
        frozen: bool = frozen_by_default,
        backbone_weights: Path | None = None,
    ) -> keras.Model:
        films = film_input(image_size)
        backbone = getattr(keras.applications, application)(
            include_top=False,
            weights=None if backbone_weights is None else str(backbone_weights),
            input_tensor=prepare(as_colour(films)),
            **(extra or {}),
        )
        if frozen:
            for layer in backbone.layers:
                layer.trainable = False
        x = neck(mark_saliency(backbone.output))
        return keras.Model(films, softmax_end(x, class_count), name=name)

    register(
        name,
        smallest=smallest,
        usual_size=usual_size,
        source=source,
        application=application,
        frozen=frozen,
    )(builder)


_register_backbone(
    "vgg16_dense",
    "VGG16",
    prepare=to_unit,  # the report rescaled by 1/255, not by VGG16's own preprocessing
    neck=_flat_dense,
    smallest=32,
    usual_size=232,
    source="report D (2023): frozen VGG16, dense 256",
    frozen=True,
)
_register_backbone(
    "resnet50",
    "ResNet50",
    prepare=_centred,
    smallest=32,
    usual_size=224,
    source="report B (2021): frozen ResNet-50",
    frozen=True,
)
_register_backbone(
    "resnet152",
    "ResNet152",
    prepare=_centred,
    smallest=32,
    usual_size=224,
    source="report B (2021): frozen ResNet-152",
    frozen=True,
)
_register_backbone(
    "inception_v3",
    "InceptionV3",
    prepare=_symmetric,
    smallest=75,
    usual_size=299,
    source="report B (2021): frozen Inception-V3",
    frozen=True,
)
_register_backbone(
    "densenet121",
    "DenseNet121",
    prepare=_standardised,
    smallest=32,
    usual_size=224,
    source="Huang 2017, the backbone of COVID-CXNet",
)
_register_backbone(
    "xception",
    "Xception",
    prepare=_symmetric,
    smallest=71,
    usual_size=299,
    source="Chollet 2017, named best in report D's text",
)
_register_backbone(
    "mobilenet_v3_small",
    "MobileNetV3Small",
    prepare=_symmetric,
    smallest=32,
    usual_size=224,
    source="Howard 2019, for small devices",
    extra={"include_preprocessing": False},
)
