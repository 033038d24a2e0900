"""Recordings of every kind that is taken, packed here: right containers around silence."""

import struct
from collections.abc import Sequence


def ogg(seconds: float = 3.0, codec: bytes = b"OpusHead", skipped: int = 312) -> bytes:
    head = codec + bytes([1, 1]) + struct.pack("<HIhB", skipped, 48_000, 0, 0)
    end = int(seconds * 48_000) + skipped
    return _page(0, 2, head) + _page(0, 0, b"OpusTags" + bytes(8)) + _page(end, 4, b"\xfc" * 40)


def _page(position: int, flags: int, content: bytes) -> bytes:
    return b"OggS\0" + bytes([flags]) + struct.pack("<qIIIB", position, 7, 0, 0, 1) + bytes([len(content)]) + content


def wav(seconds: float = 3.0, rate: int = 8000) -> bytes:
    data = bytes(int(seconds * rate * 2))
    fmt = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def box(name: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", len(inside) + 8, name) + inside


def m4a(seconds: float = 3.0, tracks: Sequence[bytes] = (b"soun",), brand: bytes = b"M4A ") -> bytes:
    mvhd = box(b"mvhd", bytes(12), struct.pack(">II", 1000, int(seconds * 1000)), bytes(80))
    traks = (box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), kind, bytes(12)))) for kind in tracks)
    return box(b"ftyp", brand, bytes(4)) + box(b"moov", mvhd, *traks) + box(b"mdat", bytes(100))


def webm(seconds: float = 3.0, codec: bytes = b"A_OPUS", *, live: bool = False) -> bytes:
    """`live`: as a browser writes it, whose head does not tell the end; then clusters do."""
    scale = b"\x2a\xd7\xb1\x83" + (1_000_000).to_bytes(3)
    length = b"" if live else b"\x44\x89\x84" + struct.pack(">f", seconds * 1000)
    head = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\x15\x49\xa9\x66" + bytes([0x80 | len(scale + length)])
    track = b"\x86" + bytes([0x80 | len(codec)]) + codec
    clusters = (
        b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x82" + int(at * 1000).to_bytes(2) + b"\xa3\x84abcd"
        for at in (0.0, min(seconds, 60.0))
    )
    return head + scale + length + track + (b"".join(clusters) if live else b"")


def mp3(seconds: float = 3.0, *, tagged: bool = False, counted: bool = False) -> bytes:
    """MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes and 1152 samples a frame."""
    frame = b"\xff\xfb\x90\xc4" + bytes(413)
    frames = int(seconds * 44_100 / 1152)
    tag = b"ID3\x03\x00\x00\x00\x00\x01\x00" + bytes(128) if tagged else b""
    if counted:
        return tag + frame[:36] + b"Xing" + struct.pack(">II", 1, frames) + bytes(373)
    return tag + frame * frames


def aac(seconds: float = 3.0) -> bytes:
    """ADTS at 44.1 kHz: frames of 20 bytes, 1024 samples each."""
    return (b"\xff\xf1\x50\x80\x02\x9f\xfc" + bytes(13)) * int(seconds * 44_100 / 1024)


def amr(seconds: float = 3.0, *, wide: bool = False) -> bytes:
    """Speech at 12.2 kbit/s (wide: 23.85), with background noise and nothing in between: 20 ms a frame."""
    speech = b"\x44" + bytes(60) if wide else b"\x3c" + bytes(31)
    noise = b"\x4c" + bytes(5) if wide else b"\x44" + bytes(5)
    frames = (speech, speech, noise, b"\x7c")
    return (b"#!AMR-WB\n" if wide else b"#!AMR\n") + b"".join(frames[n % 4] for n in range(round(seconds * 50)))
