"""DICOM radiographs: sign, rescale, window, depth, compressed syntaxes, and what is refused."""

import io
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from helpers.data.images import UnreadableFilmError, decode_film

SHAPE = (48, 64)


def chest(bits: int = 12) -> np.ndarray:
    """Stored values over the whole range of `bits`: a diagonal ramp."""
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    ramp = (rows + columns) / (SHAPE[0] + SHAPE[1] - 2)
    return np.rint(ramp * (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16)


def radiograph(values: np.ndarray, bits: int = 12, **tags: object) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.PatientName, dataset.PatientID = "Roe^Jane", "SECRET-77"
    dataset.Modality, dataset.ViewPosition = "DX", "PA"
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = values.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    dataset.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(dataset, name, value)
    return dataset


def written(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def shown(dataset: Dataset) -> np.ndarray:
    return decode_film(written(dataset)).pixels.astype(int)


EXPECTED = np.rint(chest(16) / 65535 * 255).astype(int)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_every_depth_spans_black_to_white(bits: int) -> None:
    assert np.abs(shown(radiograph(chest(bits), bits)) - EXPECTED).max() <= 1


def test_monochrome1_is_turned_positive() -> None:
    film = decode_film(written(radiograph(chest(), PhotometricInterpretation="MONOCHROME1")))
    assert np.abs(film.pixels.astype(int) - (255 - EXPECTED)).max() <= 1
    assert [note.code for note in film.notes] == ["full_range", "inverted"]


def test_signed_values_and_rescale_come_before_the_window() -> None:
    signed = (chest().astype(int) - 2048).astype(np.int16)
    dataset = radiograph(signed, 12, PixelRepresentation=1, RescaleSlope=2, RescaleIntercept=4096)
    dataset.WindowCenter, dataset.WindowWidth = 4095.5, 8191  # the rescaled range 0..8190
    assert np.abs(shown(dataset) - EXPECTED).max() <= 1


def test_a_window_cuts_what_lies_outside_it() -> None:
    dataset = radiograph(chest(), WindowCenter=[1000.5, 9], WindowWidth=[1001, 9])
    values = chest().astype(float)
    expected = np.rint(np.clip((values - 500) / 1000, 0, 1) * 255)
    assert np.abs(shown(dataset) - expected).max() <= 1
    assert [note.code for note in decode_film(written(dataset)).notes] == ["windowed"]


@pytest.mark.parametrize(
    ("function", "at_low_edge", "at_high_edge"),
    [("LINEAR_EXACT", 0, 255), ("SIGMOID", 30, 225)],
)
def test_the_other_window_functions(function: str, at_low_edge: int, at_high_edge: int) -> None:
    dataset = radiograph(chest(), WindowCenter=2048, WindowWidth=2048, VOILUTFunction=function)
    pixels, values = shown(dataset), chest().astype(int)
    low = pixels.ravel()[np.abs(values - 1024).argmin()]
    high = pixels.ravel()[np.abs(values - 3072).argmin()]
    assert abs(low - at_low_edge) <= 4
    assert abs(high - at_high_edge) <= 4


def lookup(bits: int, data: object, first: int = 0, entries: int = 4096) -> list[Dataset]:
    table = Dataset()
    table.LUTDescriptor = [entries, first, bits]
    table.LUTData = data
    return [table]


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_voi_lut_wins_over_the_window(bits: int) -> None:
    negative = np.linspace(2**bits - 1, 0, 4096).round().astype(np.uint16)
    dataset = radiograph(chest(), WindowCenter=10, WindowWidth=5)
    dataset.VOILUTSequence = lookup(bits, negative.tobytes())
    dataset.VOILUTSequence[0]["LUTData"].VR = "OW"
    assert np.abs(shown(dataset) - (255 - EXPECTED)).max() <= 1


def test_a_voi_lut_holds_its_ends_outside_its_range() -> None:
    dataset = radiograph(chest())
    dataset.VOILUTSequence = lookup(8, [10, 100, 200], first=2000, entries=3)
    dataset.VOILUTSequence[0]["LUTData"].VR = "US"
    pixels, values = shown(dataset), chest()
    assert set(pixels[values < 2000]) == {10}
    assert set(pixels[values > 2002]) == {200}


def test_padding_is_left_out_of_the_range() -> None:
    values = chest() // 2 + 1000
    values[:, :8] = 0
    pixels = shown(radiograph(values, PixelPaddingValue=0))
    assert pixels[:, 8:].min() == 0
    assert pixels[:, 8:].max() == 255


def test_a_flat_film_is_black_not_an_error() -> None:
    assert shown(radiograph(np.full(SHAPE, 300, np.uint16))).max() == 0


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_uncompressed_syntaxes(syntax: UID) -> None:
    dataset = radiograph(chest())
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax is ExplicitVRBigEndian:
        dataset.PixelData = chest().astype(">u2").tobytes()
    assert np.abs(shown(dataset) - EXPECTED).max() <= 1


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1])
def test_lossless_compressed_syntaxes(syntax: UID, bits: int, tmp_path: Path) -> None:
    data = compressed(radiograph(chest(bits), bits), syntax, tmp_path)
    assert pydicom.dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID == syntax
    assert np.abs(decode_film(data).pixels.astype(int) - EXPECTED).max() <= 1


GDCM_NAMES = {
    RLELossless: "RLELossless",
    JPEGLSLossless: "JPEGLSLossless",
    JPEG2000Lossless: "JPEG2000Lossless",
    JPEGLosslessSV1: "JPEGLosslessProcess14_1",
}


def compressed(dataset: Dataset, syntax: UID, folder: Path) -> bytes:
    """The same film written anew by GDCM in a compressed syntax."""
    plain, packed = folder / "plain.dcm", folder / "packed.dcm"
    plain.write_bytes(written(dataset))
    reader, writer = gdcm.ImageReader(), gdcm.ImageWriter()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, GDCM_NAMES[syntax])))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return packed.read_bytes()


def jpeg(values: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "JPEG", quality=100)
    return buffer.getvalue()


def baseline(frame: bytes) -> Dataset:
    dataset = radiograph(chest(8), 8)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    return dataset


def test_jpeg_baseline() -> None:
    assert np.abs(shown(baseline(jpeg(chest(8)))) - EXPECTED).max() <= 4


def test_a_colour_capture_becomes_grey() -> None:
    colours = np.repeat(chest(8)[..., None], 3, 2)
    dataset = radiograph(colours, 8, SamplesPerPixel=3, PhotometricInterpretation="RGB")
    dataset.PlanarConfiguration = 0
    assert np.abs(shown(dataset) - EXPECTED).max() <= 1


# What is said, and what is refused


def reason(dataset: Dataset | bytes) -> str:
    with pytest.raises(UnreadableFilmError) as caught:
        decode_film(dataset if isinstance(dataset, bytes) else written(dataset))
    assert "Roe" not in str(caught.value)
    return caught.value.remark.code


def test_lateral_views_and_burned_in_text_are_remarked() -> None:
    dataset = radiograph(chest(), ViewPosition="LL", BurnedInAnnotation="YES")
    codes = [note.code for note in decode_film(written(dataset)).notes]
    assert codes == ["full_range", "lateral", "burned_in"]


def test_nothing_names_the_patient() -> None:
    dataset = radiograph(chest(), StudyDescription="Jane Roe thorax", InstitutionName="SECRET")
    film = decode_film(written(dataset))
    kept = repr((film.notes, film.tags))
    assert not any(word in kept for word in ("Roe", "Jane", "SECRET"))
    assert film.tags == {"Modality": "DX", "ViewPosition": "PA", "BitsStored": "12"}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_name_in_the_place_of_a_kept_tag_is_dropped() -> None:
    dataset = radiograph(chest())
    dataset.BodyPartExamined = "CHEST ROE^JANE"
    dataset.ViewPosition = "Jane Roe"
    assert decode_film(written(dataset)).tags == {"Modality": "DX", "BitsStored": "12"}


def test_several_frames_are_refused_with_their_number() -> None:
    dataset = radiograph(chest(), NumberOfFrames=3)
    dataset.PixelData = chest().tobytes() * 3
    with pytest.raises(UnreadableFilmError, match="3 frames"):
        decode_film(written(dataset))


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "SR"])
def test_other_modalities_are_refused(modality: str) -> None:
    assert reason(radiograph(chest(), Modality=modality)) == "other_modality"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_name_in_the_place_of_a_code_is_not_repeated() -> None:
    dataset = radiograph(chest())
    dataset.Modality = "ROE JANE"
    with pytest.raises(UnreadableFilmError, match="modality unknown"):
        decode_film(written(dataset))


def test_32_bits_are_no_radiograph() -> None:
    assert reason(radiograph(chest().astype(np.uint32), 32)) == "unknown_depth"


def test_a_report_without_pixels_is_refused() -> None:
    dataset = radiograph(chest())
    del dataset.PixelData
    assert reason(dataset) == "no_pixels"


def test_palette_colour_is_refused() -> None:
    dataset = radiograph(chest(), PhotometricInterpretation="PALETTE COLOR")
    assert reason(dataset) == "unknown_photometric"


def test_a_file_deflated_as_a_whole_is_refused_unread() -> None:
    dataset = radiograph(chest())
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert reason(dataset) == "deflated"


def test_a_header_that_claims_too_many_pixels_is_refused() -> None:
    dataset = radiograph(chest())
    dataset.Rows = dataset.Columns = 60_000
    assert reason(dataset) == "too_many_pixels"


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1])
def test_a_codestream_of_another_size_than_the_header_is_refused(
    syntax: UID, tmp_path: Path
) -> None:
    dataset = pydicom.dcmread(io.BytesIO(compressed(radiograph(chest(8), 8), syntax, tmp_path)))
    dataset.Rows = 47
    assert reason(dataset) == "damaged_dicom"


def test_a_jpeg_frame_of_another_size_is_refused() -> None:
    assert reason(baseline(jpeg(np.zeros((480, 640), np.uint8)))) == "damaged_dicom"


def test_a_syntax_without_decoder_names_it() -> None:
    dataset = radiograph(chest(8), 8)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG-2
    dataset.PixelData = encapsulate([b"\x00\x00\x01\xb3" * 20])
    dataset["PixelData"].VR = "OB"
    with pytest.raises(UnreadableFilmError, match="MPEG2") as caught:
        decode_film(written(dataset))
    assert caught.value.remark.code == "no_decoder"


def run_length_coded() -> bytes:
    dataset = radiograph(chest())
    dataset.compress(RLELossless, generate_instance_uid=False)
    return written(dataset)


FUZZED = [
    written(radiograph(chest(), WindowCenter=2000, WindowWidth=900)),
    written(radiograph(chest(), PhotometricInterpretation="MONOCHROME1")),
    run_length_coded(),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(FUZZED),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    flips=st.lists(st.tuples(st.integers(132, 900), st.integers(0, 255)), max_size=6),
)
def test_whatever_the_bytes_only_one_kind_of_error_comes(data, cut, flips) -> None:
    changed = bytearray(data)
    for place, value in flips:
        changed[min(place, len(changed) - 1)] = value
    try:
        film = decode_film(bytes(changed[: int(cut * len(changed))]))
    except UnreadableFilmError:
        return
    assert film.pixels.dtype == np.uint8
    assert film.pixels.shape == (film.height, film.width)
