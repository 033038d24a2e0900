"""Voice notes: which container the bytes are, that nothing but sound is in them, and how long they last.

Pure functions over bytes, and nothing is decoded: a recording is kept and passed on as it came. Sources: RFC 3533
and 7845 (Ogg, Opus), ISO/IEC 14496-12 (MP4), the Matroska and WebM specifications (RFC 9559), ISO/IEC 11172-3 (MP3),
ISO/IEC 13818-7 (ADTS), RFC 4867 with 3GPP TS 26.101 and 26.201 (AMR), and Microsoft's RIFF for WAV.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import Final

MAX_SECONDS: Final = 600
"""Ten minutes: longer than anybody listens to on a phone."""
MAX_PARTS: Final = 10_000
"""Boxes or chunks that are looked at: a recording has some ten, one in fragments a few for each second."""


class Sound(StrEnum):
    OGG = "ogg"
    MP3 = "mp3"
    M4A = "m4a"
    AAC = "aac"
    AMR = "amr"
    AWB = "awb"
    WAV = "wav"
    WEBM = "webm"


class NotASound(ValueError):
    """The container is damaged, or holds something else than speech (a film, Ogg with another codec)."""


def seconds(kind: Sound, data: bytes) -> float:
    """Length as the container tells it, 0 where it does not (a live recording of a browser). Raises NotASound."""
    try:
        return _LENGTH[kind](data)
    except (struct.error, IndexError, ZeroDivisionError) as error:
        raise NotASound(kind) from error


# --- Ogg ----------------------------------------------------------------------------------------------------

_OPUS_PER_S: Final = 48_000  # RFC 7845: granules are always counted at 48 kHz
_OGG_HEADER: Final = 27


def _ogg(data: bytes) -> float:
    """From the position of the last page, less what a decoder skips at the start."""
    first = _OGG_HEADER + data[26]
    if data[first : first + 8] != b"OpusHead":
        raise NotASound("no Opus")
    skipped: int = struct.unpack_from("<H", data, first + 10)[0]
    last = data.rfind(b"OggS\0")
    position: int = struct.unpack_from("<q", data, last + 6)[0]
    return max(0, position - skipped) / _OPUS_PER_S


# --- WAV ----------------------------------------------------------------------------------------------------


def _wav(data: bytes) -> float:
    chunks = dict(islice(_riff_chunks(data), MAX_PARTS))
    if b"fmt " not in chunks or b"data" not in chunks:
        raise NotASound("no sound in it")
    at, _ = chunks[b"fmt "]
    bytes_per_s: int = struct.unpack_from("<I", data, at + 8)[0]
    at, size = chunks[b"data"]
    return min(size, len(data) - at) / bytes_per_s


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Name, place and size of each chunk; a recorder that was cut off leaves a size of its own invention."""
    at = 12
    while at + 8 <= len(data):
        size: int = struct.unpack_from("<I", data, at + 4)[0]
        yield data[at : at + 4], (at + 8, size)
        at += 8 + size + size % 2


# --- MP4 ----------------------------------------------------------------------------------------------------

_WAY_IN: Final = (b"moov", b"trak", b"mdia")


def _m4a(data: bytes) -> float:
    """0 for a recording in fragments, whose head does not know its end."""
    boxes = list(islice(_boxes(data, 0, len(data)), MAX_PARTS))
    handlers = {bytes(data[at + 8 : at + 12]) for name, at, _ in boxes if name == b"hdlr"}
    if b"soun" not in handlers or b"vide" in handlers:
        raise NotASound("no sound, or a film")
    head = next((at for name, at, _ in boxes if name == b"mvhd"), None)
    if head is None:
        return 0
    long = data[head] == 1
    scale, length = struct.unpack_from(">IQ" if long else ">II", data, head + (20 if long else 12))
    return 0 if length in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else float(length / scale)


def _boxes(data: bytes, at: int, end: int, depth: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Name, start of the content and end of each box; also those inside the ones that lead to a track's kind."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        content = at + 8
        if size == 1:
            size, content = struct.unpack_from(">Q", data, at + 8)[0], at + 16
        stop = min(at + size, end) if size else end
        if stop < content:
            raise NotASound("a box of no size")
        yield name, content, stop
        if depth < len(_WAY_IN) and name == _WAY_IN[depth]:
            yield from _boxes(data, content, stop, depth + 1)
        at = stop


# --- WebM ---------------------------------------------------------------------------------------------------

_WEBM_SOUND: Final = re.compile(rb"\x86[\x81-\x90](?=A_)(A_OPUS|A_VORBIS)")  # CodecID with its length
_WEBM_FILM: Final = re.compile(rb"\x86[\x81-\x9f]V_")
_WEBM_SCALE: Final = re.compile(rb"\x2a\xd7\xb1([\x81-\x88])")  # TimestampScale, in nanoseconds
_WEBM_LENGTH: Final = re.compile(rb"\x44\x89([\x84\x88])")  # Duration, a float of 4 or 8 bytes
_WEBM_CLUSTER: Final = re.compile(  # its size, of 1 to 8 bytes, and its Timestamp
    rb"\x1f\x43\xb6\x75(?:[\x80-\xff]|[\x40-\x7f].|[\x01-\x3f].{2,7})\xe7([\x81-\x88])", re.DOTALL
)
_WEBM_HEAD: Final = 64 * 1024


def _webm(data: bytes) -> float:
    """As its head says, else when its last cluster begins: browsers write the head before they know the end."""
    head = data[:_WEBM_HEAD]
    if not _WEBM_SOUND.search(head) or _WEBM_FILM.search(head):
        raise NotASound("no sound, or a film")
    scale = _WEBM_SCALE.search(head)
    per_s = 1e9 / (_number(data, scale) if scale else 1_000_000)
    if (length := _WEBM_LENGTH.search(head)) is not None:
        size = length[1][0] & 0x0F
        told: float = struct.unpack_from(">f" if size == 4 else ">d", data, length.end())[0]
        return told / per_s
    return max((_number(data, found) for found in _WEBM_CLUSTER.finditer(data)), default=0) / per_s


def _number(data: bytes, found: re.Match[bytes]) -> int:
    """The whole number behind a match whose group is its length."""
    return int.from_bytes(data[found.end() : found.end() + (found[1][0] & 0x0F)])


# --- MP3 and ADTS -------------------------------------------------------------------------------------------

_KBITS: Final = {  # ISO/IEC 11172-3 and 13818-3, layer III
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_AAC_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
)  # fmt: skip
_AAC_SAMPLES: Final = 1024
_ADTS_HEADER: Final = 7


def _mp3(data: bytes) -> float:
    """By the number of frames where an encoder wrote it (Xing, Info), else by the rate of the first frame."""
    at = _behind_id3(data)
    if data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        raise NotASound("no frame of layer III")
    version, rate, kbits = (data[at + 1] >> 3) & 3, (data[at + 2] >> 2) & 3, data[at + 2] >> 4
    per_s = _RATES[version][rate] if version in _RATES else 0
    tag = max(data.find(name, at, at + 200) for name in (b"Xing", b"Info"))
    if tag > 0 and data[tag + 7] & 1:
        frames: int = struct.unpack_from(">I", data, tag + 8)[0]
        return frames * (1152 if version == 3 else 576) / per_s
    return (len(data) - at) * 8 / (1000 * _KBITS[1 if version == 3 else 2][kbits])


def _behind_id3(data: bytes) -> int:
    """Where the sound begins: behind a tag, whose size is written in seven bits a byte."""
    if data[:3] != b"ID3":
        return 0
    size = 0
    for part in data[6:10]:
        size = size << 7 | part & 0x7F
    return 10 + size


def _aac(data: bytes) -> float:
    frames = list(islice(_adts_frames(data), MAX_SECONDS * 100))
    if not frames:
        raise NotASound("no frame")
    blocks = sum((data[at + 6] & 3) + 1 for at in frames)
    return blocks * _AAC_SAMPLES / _AAC_RATES[(data[frames[0] + 2] >> 2) & 0x0F]


def _adts_frames(data: bytes) -> Iterator[int]:
    """Where each begins. The last may be cut off, and a tag may stand behind it; anything else is no recording."""
    at = _behind_id3(data)
    while at + _ADTS_HEADER <= len(data) and data[at : at + 3] != b"TAG":
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or size < _ADTS_HEADER:
            raise NotASound("something else between the frames")
        yield at
        at += size


# --- AMR ----------------------------------------------------------------------------------------------------

AMR_MAGIC: Final = b"#!AMR\n"
AWB_MAGIC: Final = b"#!AMR-WB\n"
_AMR_PER_S: Final = 50
_AMR_BYTES: Final = {**dict(enumerate((12, 13, 15, 17, 19, 20, 26, 31, 5))), 15: 0}
_AWB_BYTES: Final = {**dict(enumerate((17, 23, 32, 36, 40, 46, 50, 58, 60, 5))), 14: 0, 15: 0}
"""What follows the header of a frame, by its type: speech at eight or nine rates, background noise, nothing."""


def _amr(data: bytes, magic: bytes = AMR_MAGIC, frame_bytes: Mapping[int, int] = _AMR_BYTES) -> float:
    """Of one channel, as phones record; the last frame may be cut off."""
    at, frames = len(magic), 0
    while at < len(data) and frames <= MAX_SECONDS * _AMR_PER_S:
        size = frame_bytes.get(data[at] >> 3 & 0x0F)
        if size is None:
            raise NotASound("a frame of no known type")
        at, frames = at + 1 + size, frames + 1
    if not frames:
        raise NotASound("no frame")
    return frames / _AMR_PER_S


def _awb(data: bytes) -> float:
    return _amr(data, AWB_MAGIC, _AWB_BYTES)


_LENGTH: Final[dict[Sound, Callable[[bytes], float]]] = {
    Sound.OGG: _ogg,
    Sound.MP3: _mp3,
    Sound.M4A: _m4a,
    Sound.AAC: _aac,
    Sound.AMR: _amr,
    Sound.AWB: _awb,
    Sound.WAV: _wav,
    Sound.WEBM: _webm,
}
