"""The head of a recording, and its repair from any state of the file."""

import io
import json
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.errors import RecordingError
from omoai_engine.preprocess import probe_audio
from omoai_engine.recording import RecordingState, list_recordings, recover
from omoai_engine.recording.wav import HEAD_BYTES, PcmFormat, head, read_format

formats = st.builds(PcmFormat, st.integers(8000, 192_000), st.integers(1, 8))


@given(formats, st.integers(0, 2000))
def test_every_head_is_read_back_by_us_and_by_others(pcm, frames):
    data = bytes(frames * pcm.frame_bytes)
    content = head(pcm, len(data)) + data
    assert read_format(content) == pcm
    with wave.open(io.BytesIO(content)) as sound:
        assert sound.getparams()[:4] == (pcm.channels, 2, pcm.rate_hz, frames)


@given(formats, st.binary(max_size=400), st.binary(min_size=8, max_size=8))
def test_repair_keeps_every_whole_frame(tmp_path_factory, pcm, data, sizes):
    """Whatever sizes the last head claims, and wherever the file broke off."""
    folder = tmp_path_factory.mktemp("cut")
    part = folder / "recording-1.wav.part"
    torn = head(pcm, 0)
    torn = torn[:4] + sizes[:4] + torn[8:76] + sizes[4:]
    part.write_bytes(torn + data)

    path = recover(part)

    assert not part.exists()
    with wave.open(str(path)) as sound:
        assert sound.readframes(1 << 20) == data[: pcm.whole(len(data))]


def test_repair_takes_the_format_from_the_notes_when_the_head_is_lost(tmp_path):
    part = tmp_path / "recording-1.wav.part"
    part.write_bytes(bytes(HEAD_BYTES) + bytes(range(200)))
    notes = {"event": "begin", "rate": 44_100, "channels": 2}
    (tmp_path / "recording-1.jsonl").write_text(json.dumps(notes) + '\n{"event": "ma')

    with wave.open(str(recover(part))) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (44_100, 2)
        assert sound.readframes(100) == bytes(range(200))


def test_a_strange_part_file_is_left_alone(tmp_path):
    part = tmp_path / "recording-1.wav.part"
    part.write_bytes(b"something else")
    with pytest.raises(RecordingError, match="no recording of ours"):
        recover(part)
    assert part.read_bytes() == b"something else"
    assert [r.state for r in list_recordings(tmp_path)] == [RecordingState.CUT]


def test_past_four_gigabytes_the_head_tells_the_true_length(tmp_path):
    pcm = PcmFormat(48_000, 2)
    data_bytes = 5 * 2**30
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(head(pcm, data_bytes))
        file.truncate(HEAD_BYTES + data_bytes)  # a file of holes: it takes no room
    assert probe_audio(path).duration == pytest.approx(data_bytes / pcm.frame_bytes / 48_000)


@given(st.integers(2**32 - 2000, 2**32 + 2000))
def test_the_change_to_64_bits_leaves_no_gap(data_bytes):
    pcm = PcmFormat(16_000, 1)
    content = head(pcm, pcm.whole(data_bytes))
    assert len(content) == HEAD_BYTES
    assert read_format(content) == pcm
    if content[:4] == b"RIFF":
        assert int.from_bytes(content[76:80], "little") == pcm.whole(data_bytes)
    else:
        assert int.from_bytes(content[28:36], "little") == pcm.whole(data_bytes)
