"""Sound of every kind becomes 16 kHz mono float32 blocks that still sound the same."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from sound_makers import (
    DATA,
    add_track,
    encode,
    level,
    noise,
    read,
    similarity,
    tone,
    wav,
    write_track,
)

from omoai_engine.config import AudioSettings
from omoai_engine.errors import AudioInputError, AudioTooLongError
from omoai_engine.preprocess import get_audio_info, open_audio

SETTINGS = AudioSettings()


@pytest.mark.parametrize("name", ["en-jfk", "en-librivox-sonnet", "vi-common-voice"])
def test_a_real_recording_is_read_whole_in_blocks_without_gaps(name: str) -> None:
    with open_audio(DATA / f"{name}.mp3", SETTINGS) as source:
        blocks = list(source)
    assert source.info.duration == pytest.approx(blocks[-1].end, abs=0.1)
    assert blocks[0].start == 0.0
    for before, after in pairwise(blocks):
        assert after.start == before.end
        assert len(before.samples) == 8_000
    samples = np.concatenate([block.samples for block in blocks])
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1.0
    assert level(samples) > 0.01
    assert source.notices == ()


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 44_100),
        ("mp4", "aac", 44_100),
        ("adts", "aac", 44_100),
        ("mpegts", "aac", 48_000),
        ("matroska", "aac", 22_050),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("flac", "flac", 44_100),
        ("aiff", "pcm_s16be", 44_100),
        ("au", "pcm_s16be", 32_000),
        ("caf", "pcm_s16le", 11_025),
        ("w64", "pcm_s16le", 96_000),
        ("wv", "wavpack", 44_100),
        ("avi", "libmp3lame", 44_100),
        ("flv", "aac", 44_100),
        ("mpeg", "mp2", 44_100),
        ("ac3", "ac3", 48_000),
        ("wav", "pcm_mulaw", 8_000),
        ("wav", "adpcm_ima_wav", 16_000),
    ],
)
def test_every_common_format_sounds_as_before(container: str, codec: str, rate: int) -> None:
    original = tone(2.0, hz=300, rate=rate) * np.linspace(0.2, 1.0, 2 * rate, dtype=np.float32)
    samples, source = read(encode(original, container, codec, rate))
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.08)
    assert source.info.sample_rate_hz == rate
    times = np.arange(len(samples)) / 16_000
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 16_000 / len(samples) == pytest.approx(300, abs=2)
    assert level(samples) == pytest.approx(level(original), rel=0.1)
    assert times[-1] > 1.9


@pytest.mark.parametrize("coding", ["u8", "s16", "s24", "f32"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 192_000])
def test_wav_of_any_depth_and_rate_keeps_its_samples(coding: str, rate: int) -> None:
    original = tone(1.0, hz=500, rate=rate)
    samples, _ = read(wav(original, rate, coding=coding))
    assert len(samples) == 16_000
    assert similarity(samples, tone(1.0, hz=500)) > 0.999
    assert level(samples) == pytest.approx(level(original), rel=0.02)


def test_pcm_at_16_khz_passes_bit_for_bit() -> None:
    original = np.rint(noise(3.2) * 20_000).astype(np.float32) / 32_768
    whole = np.rint(original * 32_768).astype("<i2")
    data = wav(original)[:44] + whole.tobytes()
    samples, _ = read(data)
    assert np.array_equal(samples * 32_768, whole)


@pytest.mark.parametrize("channels", [2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24, 64])
def test_channels_are_averaged(channels: int) -> None:
    many = np.stack([noise(1.2, seed=number) for number in range(channels)], axis=1)
    samples, source = read(wav(many, coding="f32"))
    assert source.info.channels == channels
    assert np.allclose(samples, many.mean(axis=1), atol=1e-6)
    assert source.notices == ()


def test_planar_sound_of_eight_channels_is_read() -> None:
    many = np.stack([tone(1.0, hz=200 + 50 * n, rate=48_000) for n in range(8)], axis=1)
    samples, source = read(encode(many, "mp4", "aac", 48_000))
    assert source.info.channels == 8
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.05)
    assert level(samples) > 0.05


@pytest.mark.parametrize("factor", [-1.0, -0.9])
def test_channels_that_cancel_give_way_to_one(factor: float) -> None:
    speech = noise(3.0)
    samples, source = read(wav(np.stack([speech, factor * speech], axis=1), coding="f32"))
    assert np.allclose(samples, speech, atol=1e-6)
    assert any("cancel" in notice for notice in source.notices)


@pytest.mark.parametrize("silent", [0, 1])
def test_a_silent_channel_does_not_halve_the_level(silent: int) -> None:
    speech = noise(3.0)
    pair = [speech, speech]
    pair[silent] = np.zeros_like(speech)
    samples, source = read(wav(np.stack(pair, axis=1), coding="f32"))
    assert np.allclose(samples, speech, atol=1e-6)
    assert source.notices == ("one of the two channels is silent: the other was taken alone",)


def test_a_channel_that_wakes_up_later_is_heard() -> None:
    left, right = noise(6.0, seed=1), noise(6.0, seed=2)
    right[: 3 * 16_000] = 0
    samples, source = read(wav(np.stack([left, right], axis=1), coding="f32"))
    assert np.allclose(samples[: 2 * 16_000], left[: 2 * 16_000], atol=1e-6)
    late = slice(4 * 16_000, 6 * 16_000)
    assert np.allclose(samples[late], (left[late] + right[late]) / 2, atol=1e-6)
    assert np.abs(np.diff(samples)).max() < 1.0
    assert source.notices == ()


def test_silence_stays_silence_without_a_word() -> None:
    samples, source = read(wav(np.zeros((32_000, 2), np.float32)))
    assert len(samples) == 32_000
    assert not samples.any()
    assert source.notices == ()


def test_what_is_no_number_is_replaced_and_said() -> None:
    broken = tone(3.0)
    broken[::5] = np.nan
    broken[1::50], broken[2::50] = np.inf, -np.inf
    samples, source = read(wav(broken, coding="f32"))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert any("numbers" in notice for notice in source.notices)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_absurd_amplitudes_are_clipped_and_said(rate: int) -> None:
    samples, source = read(wav(noise(2.0, rate) * np.float32(1e30), rate, coding="f32"))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert any("full scale" in notice for notice in source.notices)


def test_one_bad_sample_is_not_worth_a_word() -> None:
    sound = tone(3.0)
    sound[100] = np.nan
    samples, source = read(wav(sound, coding="f32"))
    assert np.isfinite(samples).all()
    assert source.notices == ()


@pytest.mark.parametrize("samples", [1, 2, 160, 7_999, 8_000, 8_001, 16_000])
def test_short_sounds_are_read_to_the_last_sample(samples: int) -> None:
    original = noise(2.0)[:samples]
    got, _ = read(wav(original, coding="f32"))
    assert np.allclose(got, original, atol=1e-6)


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFFF])
def test_a_wav_written_into_a_pipe_is_read_to_its_end(size: int) -> None:
    samples, source = read(wav(tone(3.0), data_size=size))
    assert len(samples) == 48_000
    assert source.notices == ()


def test_rate_and_channels_may_change_inside_a_file() -> None:
    mono = encode(tone(2.0, rate=44_100), "mp3", "libmp3lame", 44_100)
    stereo = encode(np.stack([tone(2.0, rate=22_050)] * 2, axis=1), "mp3", "libmp3lame", 22_050)
    for data in (mono + stereo, stereo + mono):
        samples, _ = read(data)
        assert len(samples) / 16_000 == pytest.approx(4.0, abs=0.15)
        assert level(samples[8_000:24_000]) == pytest.approx(
            level(samples[-24_000:-8_000]), rel=0.1
        )


def test_a_start_time_that_is_not_zero_does_not_move_the_sound() -> None:
    target = io.BytesIO()
    original = tone(2.0, rate=48_000)
    with av.open(target, "w", format="mpegts", options={"output_ts_offset": "3600"}) as output:
        add_track(output, original, "aac", 48_000)
    with open_audio(target.getvalue(), SETTINGS) as source:
        first = next(source)
    assert first.start == 0.0
    assert level(first.samples, (0.3, 1.0)) > 0.3


def test_the_first_of_several_tracks_is_taken_and_said() -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as output:
        streams = [output.add_stream("flac", rate=16_000, layout="mono") for _ in range(3)]
        for number, stream in enumerate(streams):
            sound = tone(2.0, hz=200 * (number + 1)).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray((sound * 32_767).astype(np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 16_000, 0
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    samples, source = read(target.getvalue())
    assert similarity(samples, tone(2.0, hz=200)) > 0.99
    assert source.notices == ("the file has 3 sound tracks: number 1 was taken",)


def video(with_sound: bool = True, seconds: float = 2.0) -> bytes:
    """An MPEG-4 video of grey pictures, with or without a tone."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as output:
        pictures = output.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream("aac", rate=44_100, layout="mono") if with_sound else None
        for number in range(int(seconds * 10)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 9 * number % 255, np.uint8))
            frame.pts = number
            output.mux(pictures.encode(frame))
        output.mux(pictures.encode(None))
        if sound is not None:
            write_track(output, sound, tone(seconds, rate=44_100).reshape(-1, 1), "mono", 44_100)
    return target.getvalue()


def test_the_sound_of_a_video_is_taken() -> None:
    samples, source = read(video())
    assert source.info.has_video
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.1)
    assert level(samples) == pytest.approx(0.354, rel=0.05)


def test_a_video_without_sound_says_so() -> None:
    with pytest.raises(AudioInputError, match="pictures but no sound"):
        read(video(with_sound=False))


def test_pictures_and_empty_sounds_say_what_they_are(tmp_path: Path) -> None:
    picture = tmp_path / "cover.mp3"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    with pytest.raises(AudioInputError, match="not a sound or video file"):
        read(picture)
    with pytest.raises(AudioInputError, match="the file holds no sound"):
        read(wav(tone(1.0)[:0]))
    with pytest.raises(AudioInputError, match=r"the file is empty \(0 bytes\)"):
        read(b"")


def test_encrypted_sound_says_so() -> None:
    keys = {"encryption_key": "00" * 16, "encryption_kid": "11" * 16}
    locked = encode(tone(2.0), "mp4", "aac", options={"encryption_scheme": "cenc-aes-ctr", **keys})
    with pytest.raises(AudioInputError, match="encrypted"):
        read(locked)


@pytest.mark.parametrize("rate", [1, 100, 3_999, 768_001])
def test_an_absurd_sampling_rate_is_refused(rate: int) -> None:
    with pytest.raises(AudioInputError, match=f"{rate} samples a second"):
        read(wav(tone(9.0), header_rate=rate))


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp3", "libmp3lame"),
        ("wav", "pcm_s16le"),
        ("w64", "pcm_s16le"),
        ("flac", "flac"),
        ("aiff", "pcm_s16be"),
        ("matroska", "aac"),
        ("ogg", "libopus"),
        ("adts", "aac"),
    ],
)
def test_a_cut_file_gives_what_is_there(container: str, codec: str) -> None:
    data = encode(tone(20.0, rate=48_000), container, codec, 48_000)
    samples, source = read(data[: len(data) // 2])
    assert len(samples) / 16_000 == pytest.approx(10.0, abs=1.0)
    if container not in {"ogg", "adts"}:  # Their headers promise no length.
        assert any("ends early" in notice and "0:20" in notice for notice in source.notices)


def test_a_cut_m4a_says_that_its_index_is_missing(tmp_path: Path) -> None:
    data = encode(tone(20.0, rate=48_000), "mp4", "aac", 48_000)
    with pytest.raises(AudioInputError, match="never finished: it has no index"):
        read(data[: len(data) // 2])


def test_a_cut_m4a_with_its_index_in_front_is_salvaged(tmp_path: Path) -> None:
    path = tmp_path / "front.m4a"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as output:
        add_track(output, tone(20.0, rate=48_000), "aac", 48_000)
    samples, source = read(path.read_bytes()[: path.stat().st_size // 2])
    assert len(samples) / 16_000 == pytest.approx(10.0, abs=1.0)
    assert any("ends early" in notice for notice in source.notices)


def test_damage_in_the_middle_is_left_out_and_said() -> None:
    data = bytearray(encode(tone(20.0, rate=48_000), "flac", "flac", 48_000))
    data[len(data) // 4 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 4)
    samples, source = read(bytes(data))
    assert 13 < len(samples) / 16_000 < 17
    assert any("damaged" in notice for notice in source.notices)


def test_a_recording_that_is_too_long_is_refused_at_once_and_while_it_is_read() -> None:
    with pytest.raises(AudioTooLongError, match=r"longer than 5\.0 s"):
        open_audio(wav(tone(6.0)), SETTINGS, max_duration=5.0)
    # Raw AAC tells no length that could be trusted.
    heard: list[float] = []
    source = open_audio(encode(tone(6.0), "adts", "aac"), SETTINGS, max_duration=5.0)
    with source, pytest.raises(AudioTooLongError):
        heard.extend(block.end for block in source)
    assert heard[-1] == pytest.approx(5.0, abs=0.6)
    samples, _ = read(wav(tone(5.0)), max_duration=5.0)
    assert len(samples) == 80_000


def test_hours_claimed_in_a_few_bytes_end_quickly() -> None:
    flac = bytearray(encode(tone(1.0), "flac", "flac"))
    streaminfo = 8
    field = int.from_bytes(flac[streaminfo + 10 : streaminfo + 18], "big")
    field = (field >> 36 << 36) | (23 * 3600 * 16_000)
    flac[streaminfo + 10 : streaminfo + 18] = field.to_bytes(8, "big")
    samples, source = read(bytes(flac))
    assert len(samples) == 16_000
    assert source.info.duration == 23 * 3600
    assert any("1.0 s of the 23:00:00" in notice for notice in source.notices)
    # So few bytes hold no hours: only what is decoded counts.
    assert len(read(bytes(flac), max_duration=3600)[0]) == 16_000


def test_an_mp3_whose_head_claims_days_is_heard_to_its_end() -> None:
    mp3 = bytearray(encode(tone(3.0, rate=44_100), "mp3", "libmp3lame", 44_100))
    head = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    assert head > 0
    mp3[head + 8 : head + 12] = (200 * 3600 * 44_100 // 1152).to_bytes(4, "big")
    samples, source = read(bytes(mp3))
    assert source.info.duration == pytest.approx(200 * 3600, rel=0.01)
    assert len(samples) / 16_000 == pytest.approx(3.0, abs=0.1)


def test_what_the_header_tells_is_told_without_decoding() -> None:
    told = get_audio_info(DATA / "vi-common-voice.mp3")
    assert told["name"] == "vi-common-voice.mp3"
    assert told["container"] == told["codec"] == "mp3"
    assert told["sample_rate"] == 16_000
    assert told["channels"] == 1
    assert told["size_bytes"] == (DATA / "vi-common-voice.mp3").stat().st_size
    assert told["duration"] == pytest.approx(85.0, abs=0.1)
    assert not told["has_video"]
    assert get_audio_info(video())["has_video"]


def test_an_unknown_length_is_unknown() -> None:
    live = io.BytesIO()
    with av.open(live, "w", format="webm", options={"live": "1"}) as output:
        add_track(output, tone(3.0, rate=48_000), "libopus", 48_000)
    assert get_audio_info(live.getvalue())["duration"] is None
    samples, _ = read(live.getvalue())
    assert len(samples) / 16_000 == pytest.approx(3.0, abs=0.05)
