"""TensorBoard logs on request, written with TensorFlow's own file writer."""

from collections.abc import Mapping
from pathlib import Path

from helpers.model.backend import need_tensorflow, tf


def write_scalars(folder: Path, row: Mapping[str, float]) -> None:
    """Add one epoch's values; `tensorboard --logdir` (installed apart) shows them as curves."""
    need_tensorflow("TensorBoard's logs are written with")
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class=1,  # DATA_CLASS_SCALAR in TensorFlow's summary.proto
    )
    with tf.summary.create_file_writer(str(folder)).as_default():
        for name, value in row.items():
            tf.summary.write(name, tf.constant(value, tf.float32), int(row["epoch"]), metadata)
