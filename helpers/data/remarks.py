"""The sentences a film can earn while it is read: why it was turned away, what was done to it.

A remark is an English sentence that also carries its code and values, so that the panel can say
the same thing in another language without parsing text.
"""

from helpers.core.errors import SuiteError

REASONS = {
    "empty_file": "The file is empty: send the film again.",
    "unreachable": "The file could not be read: check that it is still there and may be opened.",
    "no_memory": "There was no memory left for this film: reduce it, or close other programs.",
    "too_many_bytes": "The file holds {megabytes} MB, more than the {limit} MB read as one film.",
    "too_many_pixels": (
        "The picture claims {width} x {height} pixels, more than the {limit} million read as one "
        "film: reduce it first."
    ),
    "not_a_picture": (
        "The file is not a picture of a kind read here (JPEG, PNG, TIFF, BMP, WebP, still GIF, "
        "DICOM): export the film in one of these."
    ),
    "truncated": "The file breaks off before the picture ends: copy or export it again.",
    "damaged": "The picture in the file is damaged and cannot be decoded: export it again.",
    "several_pictures": (
        "The file holds several pictures (an animation or a stack): save one film in a file."
    ),
    "unknown_depth": (
        "Pixels stored as {mode} have no defined black and white: save the film with 8 or 16 bits."
    ),
    "several_frames": "The DICOM file holds {frames} frames, not one film: export a single frame.",
    "no_pixels": "The DICOM file holds no picture (perhaps a report): choose the image object.",
    "other_modality": (
        "The DICOM file is of modality {modality}, not a radiograph: send a CR or DX film."
    ),
    "unknown_photometric": (
        "The DICOM colour model {photometric} is not read here: export the film as MONOCHROME2."
    ),
    "deflated": "DICOM files deflated as a whole are not read: save it with another syntax.",
    "damaged_dicom": "The DICOM file is damaged or breaks off: export it from the archive again.",
    "no_decoder": "No decoder here reads the DICOM transfer syntax {syntax}: export it anew.",
    "too_small": "The picture is only {width} x {height} pixels: send the film in its full size.",
    "strip": "A strip of {width} x {height} pixels is no chest film: send the whole film.",
    "blank": "There is nothing to see in the picture: it is blank, or noise.",
    "lateral_film": ("This looks like a lateral view; the model has learned frontal films only."),
    "ct_slice": ("This looks like a CT slice, not a chest film; the model has learned films only."),
    "photograph": "This looks like a photograph, not a chest film.",
    "chart": "This looks like a chart, not a chest film.",
    "text_page": "This looks like a page of text, not a chest film.",
    "no_frontal_film": (
        "This does not look like a frontal chest film such as the model has learned."
    ),
}

NOTES = {
    "turned": "Turned upright as its orientation tag says.",
    "colour": "Colours were reduced to grey.",
    "blended": "Transparent parts were laid over black.",
    "deep": "{bits}-bit values were scaled to 8 bits.",
    "first_picture": "The first of several pictures in the file was taken.",
    "inverted": "Stored as a negative and turned positive, bones white.",
    "windowed": "The display window stored in the file was applied.",
    "full_range": "No display window is stored; the full range of values was used.",
    "lateral": "The file says this is a lateral view; the models learn frontal films.",
    "fallback": "The light model is missing: the Keras model was used, without saliency.",
    "burned_in": "The file says that text burned into the picture may identify the patient.",
}


class Remark(str):
    """An English sentence with its `code` (a key of REASONS or NOTES) and its `values`."""

    code: str
    values: dict[str, object]

    def __new__(cls, code: str, **values: object) -> "Remark":
        """Fill the sentence of `code` with `values`; an unknown code is a KeyError."""
        remark = super().__new__(cls, (REASONS | NOTES)[code].format(**values))
        remark.code, remark.values = code, values
        return remark

    def __reduce__(self) -> tuple:
        """Travel between processes: films are decoded in several."""
        return _remark, (self.code, self.values)


def _remark(code: str, values: dict[str, object]) -> Remark:
    return Remark(code, **values)


class UnreadableFilmError(SuiteError):
    """A file that gives no film; `remark` says why in one sentence."""

    def __init__(self, code: str, **values: object):
        self.remark = Remark(code, **values)
        super().__init__(str(self.remark))

    def __reduce__(self) -> tuple:
        """Travel between processes: films are decoded in several."""
        return _unreadable, (self.remark.code, self.remark.values)


def _unreadable(code: str, values: dict[str, object]) -> UnreadableFilmError:
    return UnreadableFilmError(code, **values)
