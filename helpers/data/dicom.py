"""DICOM radiographs to grey pixels: limits first, then modality, window and sign.

Privacy: besides what the pixels need, only the tags of KEPT_TAGS leave this module, and of those
only values that have the form of a code. Nothing that names a patient is kept or returned.
Sections named below are of the DICOM standard, part 3 (PS3.3).
"""

import io
import re
import struct
import warnings

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_modality_lut, get_decoder
from pydicom.uid import DeflatedExplicitVRLittleEndian

from helpers.data.codestreams import codestream_size
from helpers.data.remarks import Remark, UnreadableFilmError
from helpers.data.scaling import check_pixels

PREAMBLE = 128
# Computed and digital radiography, radiographic imaging, and what scanners and old archives write.
RADIOGRAPHS = ("CR", "DX", "RG", "RF", "OT", "SC", "")
KEPT_TAGS = ("Modality", "ViewPosition", "BodyPartExamined", "BitsStored")
LATERAL_VIEWS = ("LL", "RL", "LATERAL", "LLD", "RLD")
GREY_MODELS = ("MONOCHROME1", "MONOCHROME2")
COLOUR_MODELS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
LUMA_RGB = np.array([0.299, 0.587, 0.114], np.float32)

# pydicom comments on every slip of the writing device; a film is either read or refused here.
warnings.filterwarnings("ignore", module=r"pydicom\.")


Decoded = tuple[np.ndarray, list[Remark], dict[str, str]]


def decode_dicom(data: bytes | memoryview) -> Decoded:
    """Decode a DICOM radiograph to uint8 (H, W); say what was done, and the tags of KEPT_TAGS.

    Raises UnreadableFilmError, and nothing else, when there is no film in it.

    Order of the steps: modality LUT or rescale, VOI LUT or window, then MONOCHROME1 is turned.
    """
    try:
        return _decode(data)
    except UnreadableFilmError:
        raise
    except Exception as error:  # readers and decoders answer hostile bytes with any exception
        raise UnreadableFilmError("damaged_dicom") from error


def _decode(data: bytes | memoryview) -> Decoded:
    _refuse_deflated(data)
    dataset = pydicom.dcmread(io.BytesIO(data))
    _refuse_other_objects(dataset)
    check_pixels(dataset.Columns, dataset.Rows)
    _check_compression(dataset)
    pixels, notes = _show(dataset, dataset.pixel_array)
    return pixels, notes + _remarks_of_tags(dataset), _kept_tags(dataset)


def _refuse_deflated(data: bytes | memoryview) -> None:
    """Read the file's meta group alone: a deflated body is inflated whole, whatever its size."""
    (length,) = struct.unpack("<L", bytes(data[PREAMBLE + 12 : PREAMBLE + 16]))
    meta = pydicom.dcmread(io.BytesIO(data[: PREAMBLE + 16 + length]), stop_before_pixels=True)
    if meta.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        raise UnreadableFilmError("deflated")


def _refuse_other_objects(dataset: Dataset) -> None:
    """Refuse what is no single radiograph, by its header."""
    if "PixelData" not in dataset:
        raise UnreadableFilmError("no_pixels")
    if dataset.BitsAllocated > 16:
        raise UnreadableFilmError("unknown_depth", mode="32-bit numbers")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames != 1:
        raise UnreadableFilmError("several_frames", frames=frames)
    modality = str(dataset.get("Modality", "")).strip().upper()
    if modality not in RADIOGRAPHS:
        raise UnreadableFilmError("other_modality", modality=_harmless(modality))
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    if photometric not in GREY_MODELS + COLOUR_MODELS:
        raise UnreadableFilmError("unknown_photometric", photometric=_harmless(photometric))


def _harmless(code: str) -> str:
    """A code as the standard writes it; whatever else stands in its place is not repeated."""
    return code if _is_code(code) else "unknown"


def _is_code(text: str) -> bool:
    return re.fullmatch(r"[A-Z0-9_]{1,16}( COLOR)?", text) is not None


def _check_compression(dataset: Dataset) -> None:
    """Refuse a syntax without decoder, and a frame whose own header claims another size.

    Decoders allocate what the frame claims, so the limits on pixels must hold there too.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        return
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise UnreadableFilmError("no_decoder", syntax=syntax.name)
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    size = codestream_size(frame)
    if size and size != (dataset.Columns, dataset.Rows):
        raise UnreadableFilmError("damaged_dicom")


def _show(dataset: Dataset, stored: np.ndarray) -> tuple[np.ndarray, list[Remark]]:
    """Stored values (H, W) or (H, W, 3) to uint8 (H, W)."""
    if dataset.PhotometricInterpretation in COLOUR_MODELS:
        whitest = 2**dataset.BitsStored - 1
        return _to_8_bits((stored @ LUMA_RGB / whitest).clip(0, 1)), [Remark("colour")]
    # A film has millions of pixels but at most 65,536 levels: the levels are computed with.
    lowest = int(stored.min())
    levels = np.arange(lowest, int(stored.max()) + 1).astype(stored.dtype)
    shown, note = _show_levels(dataset, levels, _range_of_film(dataset, stored))
    notes = [Remark(note)]
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
        notes.append(Remark("inverted"))
    return _to_8_bits(shown)[stored.astype(np.int32) - lowest], notes


def _to_8_bits(shown: np.ndarray) -> np.ndarray:
    return np.rint(shown * 255).astype(np.uint8)


def _show_levels(
    dataset: Dataset, levels: np.ndarray, film: tuple[int, int]
) -> tuple[np.ndarray, str]:
    """Brightness 0..1 of stored levels (L,), and the code of the note that says how.

    film: the least and the greatest stored level of the film without its padding.
    """
    values = apply_modality_lut(levels, dataset)
    if dataset.get("VOILUTSequence"):
        return _look_up(values, dataset.VOILUTSequence[0]), "windowed"
    if dataset.get("WindowWidth") and dataset.get("WindowCenter") is not None:
        return _window(values, dataset), "windowed"
    ends = [float(values[level - int(levels[0])]) for level in film]
    low, high = min(ends), max(ends)
    return np.clip((values - low) / max(high - low, 1e-9), 0, 1), "full_range"


def _look_up(values: np.ndarray, table: Dataset) -> np.ndarray:
    """VOI LUT (C.11.2.1.1): a table of shown values from a first stored value on."""
    entries, first, bits = (int(number) for number in table.LUTDescriptor)
    shown = table.LUTData
    if isinstance(shown, bytes):
        shown = np.frombuffer(shown, "<u2")
    shown = np.asarray(shown)[: entries or 2**16]
    # Signed, or values below the first entry would wrap around to the last.
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, len(shown) - 1)
    return np.clip(shown[index] / (2**bits - 1), 0, 1)


def _window(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The first window stored (C.11.2.1.2 and C.11.2.1.3), to 0..1."""
    centre, width = _first(dataset.WindowCenter), _first(dataset.WindowWidth)
    function = dataset.get("VOILUTFunction") or "LINEAR"
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1)
    return np.clip((values - (centre - 0.5)) / max(width - 1, 1e-6) + 0.5, 0, 1)


def _first(element: object) -> float:
    return float(element if isinstance(element, str | int | float) else element[0])


def _range_of_film(dataset: Dataset, stored: np.ndarray) -> tuple[int, int]:
    """Least and greatest stored level; padding (C.7.5.1.1) is no film."""
    padding = dataset.get("PixelPaddingValue")
    film = stored if padding is None else stored[stored != padding]
    film = film if film.size else stored
    return int(film.min()), int(film.max())


def _kept_tags(dataset: Dataset) -> dict[str, str]:
    """The allow-list: tag name -> value, where the value has the form of a code."""
    values = {name: str(dataset.get(name, "")).strip().upper() for name in KEPT_TAGS}
    return {name: value for name, value in values.items() if value and _is_code(value)}


def _remarks_of_tags(dataset: Dataset) -> list[Remark]:
    """What the analyst should know before trusting or sharing the film."""
    remarks = []
    if str(dataset.get("ViewPosition", "")).strip().upper() in LATERAL_VIEWS:
        remarks.append(Remark("lateral"))
    if str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        remarks.append(Remark("burned_in"))
    return remarks
