"""The registry of networks: `build("ten_conv_cnn", classes=3, image_size=256)`.

Every network is a functional Keras model with the same two ends, so that training, evaluation and
the light model need not know which one they hold:

- in: raw 8-bit values, float32 (N, S, S, 1) in 0..255. Rescaling, and repeating grey to three
  channels where a report used colour, happen inside, so training and use cannot differ;
- out: `probabilities`, float32 (N, C), behind a layer `logits`;
- between: `saliency_features`, the map Grad-CAM reads. Only pooling or flattening and dense layers
  lie behind it.
"""

from helpers.model.architectures import (  # noqa: F401
    backbones,
    chest_net,
    darkcovidnet,
    efficientnet_lite,
    reports,
)
from helpers.model.architectures.registry import Architecture, build, describe, names

__all__ = ["Architecture", "build", "describe", "names"]
