"""Voice notes are known by content, measured, and nothing else gets in as one."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.papers import MAX_FILE_BYTES, MEDIA_TYPES, SOUNDS, SUFFIXES, Inspected, Kind, Refusal, Refused, inspect
from bot.sounds import MAX_SECONDS, NotASound, Sound, seconds
from tests.sounds import aac, amr, box, m4a, mp3, ogg, wav, webm
from tests.test_papers import png_header

KINDS: list[tuple[Kind, Callable[[float], bytes]]] = [
    (Kind.OGG, ogg),
    (Kind.WAV, wav),
    (Kind.M4A, m4a),
    (Kind.WEBM, webm),
    (Kind.WEBM, lambda length: webm(length, live=True)),
    (Kind.MP3, mp3),
    (Kind.MP3, lambda length: mp3(length, tagged=True)),
    (Kind.MP3, lambda length: mp3(length, counted=True)),
    (Kind.AAC, aac),
    (Kind.AMR, amr),
    (Kind.AWB, lambda length: amr(length, wide=True)),
    (Kind.M4A, lambda length: m4a(length, brand=b"isom")),
    (Kind.M4A, lambda length: m4a(length, brand=b"3gp4")),
]


@pytest.mark.parametrize(("kind", "made"), KINDS)
@pytest.mark.parametrize("length", [0.8, 12.0, 59.0])
def test_a_recording_is_known_and_measured(kind: Kind, made: Callable[[float], bytes], length: float) -> None:
    assert inspect(made(length), voice=True) == Inspected(kind, pages=0)
    assert seconds(Sound(kind), made(length)) == pytest.approx(length, rel=0.01, abs=0.06)


@pytest.mark.parametrize("made", [ogg, m4a, webm, lambda length: mp3(length, counted=True), aac, amr])
def test_ten_minutes_are_the_most(made: Callable[[float], bytes]) -> None:
    assert inspect(made(MAX_SECONDS - 1), voice=True).findings == ()
    assert refusal(made(MAX_SECONDS + 2)) is Refusal.TOO_LONG


def refusal(data: bytes, *, voice: bool = True) -> Refusal:
    with pytest.raises(Refused) as refused:
        inspect(data, voice=voice)
    return refused.value.reason


@pytest.mark.parametrize("film", [m4a(tracks=(b"soun", b"vide")), m4a(tracks=()), webm(codec=b"V_VP8")])
def test_a_film_is_no_voice_note(film: bytes) -> None:
    assert refusal(film) is Refusal.BROKEN


def test_a_film_with_sound_is_no_voice_note_either() -> None:
    assert refusal(webm() + b"\x86\x85V_VP8") is Refusal.BROKEN


@pytest.mark.parametrize(
    "data",
    [
        amr(0, wide=True),
        amr() + b"\x4c" + bytes(40),  # a type that only wideband has
        b"#!AMR\n" + b"a few words that are no frames",
        b"#!AMR-WB\n" + b"\x50" + bytes(60),
        aac() + b"<script>alert(1)</script>",
        aac(0.1) + b"\xff\xf1\x50\x80\x00\x1f\xfc" + bytes(20),  # a frame of no size
        b"\xff\xf1\x74\x80\x02\x9f\xfc" + bytes(13),  # a rate that does not exist
    ],
)
def test_frames_are_looked_at_not_only_the_beginning(data: bytes) -> None:
    assert refusal(data) is Refusal.BROKEN


def test_a_recording_that_was_cut_off_or_has_a_tag_behind_it_is_taken() -> None:
    for kind, made in ((Sound.AMR, amr()[:-3]), (Sound.AAC, aac()[:-5])):
        assert inspect(made, voice=True).kind is Kind(kind)
        assert seconds(kind, made) == pytest.approx(3.0, abs=0.06)
    assert inspect(aac() + b"TAG" + bytes(125), voice=True).kind is Kind.AAC


def test_a_frame_of_several_blocks_counts_as_often() -> None:
    single, double = aac(), aac().replace(b"\x9f\xfc", b"\x9f\xfd")
    assert seconds(Sound.AAC, double) == 2 * seconds(Sound.AAC, single)


@pytest.mark.parametrize("codec", [b"\x01vorbis\0", b"\x80theora\0"])
def test_of_ogg_only_opus_is_taken(codec: bytes) -> None:
    assert refusal(ogg(codec=codec)) is Refusal.BROKEN


def test_what_is_no_recording_is_not_taken_as_one() -> None:
    for data in (png_header(100, 100), b"%PDF-1.7", b"PK\x03\x04", b"fLaC\0\0\0\x22", b"a few words, no more"):
        assert refusal(data) is Refusal.UNKNOWN_KIND
    assert refusal(b"") is Refusal.EMPTY
    assert refusal(ogg() + bytes(MAX_FILE_BYTES)) is Refusal.TOO_LARGE


@pytest.mark.parametrize(("kind", "made"), KINDS)
def test_a_recording_is_no_paper(kind: Kind, made: Callable[[float], bytes]) -> None:
    assert refusal(made(3.0), voice=False) is Refusal.UNKNOWN_KIND


def test_every_kind_can_be_sent_on() -> None:
    assert {Sound(kind) for kind in SOUNDS} == set(Sound)
    assert all(MEDIA_TYPES[kind].startswith("audio/") and SUFFIXES[kind] == f".{kind}" for kind in SOUNDS)


def test_a_length_that_nobody_wrote_down_is_not_held_against_a_recording() -> None:
    assert seconds(Sound.WEBM, webm(0, live=True)) == 0
    fragments = box(b"ftyp", b"iso5") + box(b"moov", box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"soun"))))
    assert seconds(Sound.M4A, fragments) == 0
    assert seconds(Sound.WAV, wav(2.0)[:-8000]) == pytest.approx(1.5, abs=0.01)


def test_boxes_without_end_end() -> None:
    nested = box(b"moov", b"")
    for _ in range(2000):
        nested = box(b"moov", nested)
    with pytest.raises(NotASound):
        seconds(Sound.M4A, box(b"ftyp", b"M4A ") + nested)
    with pytest.raises(NotASound):
        seconds(Sound.M4A, box(b"ftyp", b"M4A ") + box(b"free", b"") * 100_000)
    with pytest.raises(NotASound):
        seconds(Sound.M4A, b"\0\0\0\x04ftypM4A " + bytes(20))


@pytest.mark.parametrize("made", [made for _, made in KINDS])
def test_damage_ends_in_a_refusal_or_not_at_all(made: Callable[[float], bytes]) -> None:
    chance, sample = random.Random(7), made(3.0)
    for _ in range(150):
        data = bytearray(sample[: chance.randrange(1, len(sample) + 1)])
        for _ in range(chance.randrange(6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(Refused):
            inspect(bytes(data), voice=True)
