"""A growing recording as blocks of 16 kHz, and its text while it grows."""

import os
import signal
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from sound_tools import silence

from omoai_engine.audio import AudioBlock
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, RecordingError
from omoai_engine.events import Notice, ProvisionalText, RecognizerChosen, SegmentRecognized
from omoai_engine.preprocess import open_audio
from omoai_engine.recording import LiveTranscriber, follow
from omoai_engine.recording.silence_gate import SilenceGate
from omoai_engine.recording.spool import Spool
from omoai_engine.recording.wav import PcmFormat


def tone(rate, seconds, channels=1):
    times = np.arange(round(rate * seconds)) / rate
    wave = np.sin(2 * np.pi * (200 + 300 * times) * times) * 0.5
    return np.repeat((wave * 32767).astype("<i2")[:, None], channels, axis=1)


def written(spool, samples, size=0.11, wait=0.0):
    """Write as a device does, in a thread; returns it."""

    def work():
        step = round(spool.pcm.rate_hz * size)
        for start in range(0, len(samples), step):
            spool.append(samples[start : start + step].tobytes())
            time.sleep(wait)
        spool.finish("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1), (8_000, 3)])
def test_the_blocks_of_a_growing_file_are_those_of_the_finished_one(folder, rate, channels):
    samples = tone(rate, 3.0, channels)
    spool = Spool(folder, PcmFormat(rate, channels))
    thread = written(spool, samples, wait=0.01)
    blocks = list(follow(spool.part))
    thread.join()

    heard = np.concatenate([block.samples for block in blocks])
    assert blocks[0].start == 0.0
    assert all(a.end == pytest.approx(b.start) for a, b in pairwise(blocks))
    with open_audio(spool.part.with_name(spool.part.name.removesuffix(".part"))) as file:
        whole = np.concatenate([block.samples for block in file])
    assert len(heard) == pytest.approx(len(whole), abs=2)
    count = min(len(heard), len(whole))
    assert np.abs(heard[:count] - whole[:count]).max() < 2e-3


def test_following_begins_where_it_is_asked_to(folder):
    spool = Spool(folder, PcmFormat(16_000, 1))
    samples = tone(16_000, 2.0)
    written(spool, samples).join()
    blocks = list(follow(spool.part, start=1.5))
    heard = np.concatenate([block.samples for block in blocks])
    assert blocks[0].start == 1.5
    assert np.array_equal(heard, samples[24_000:, 0].astype(np.float32) / 32768)


def test_following_waits_for_more_and_can_be_cancelled(folder):
    spool = Spool(folder, PcmFormat(16_000, 1))
    spool.append(tone(16_000, 0.2).tobytes())
    control = JobControl()
    blocks = follow(spool.part, control=control)
    assert len(next(blocks).samples) == 3200
    threading.Timer(0.2, control.cancel).start()
    with pytest.raises(CancelledError):
        next(blocks)
    spool.finish("stopped")


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF" * 40)
    with pytest.raises(RecordingError, match="no recording of ours"):
        next(follow(tmp_path / "a.wav"))
    with pytest.raises(RecordingError, match="no such recording"):
        next(follow(tmp_path / "b.wav.part"))


SPOKEN = "một hai ba bốn năm"


def speech(say, *texts):
    parts = [silence(0.3), *(say(text) for text in texts), silence(2.5)]
    return (np.concatenate(parts) * 32767).astype("<i2")[:, None]


def test_words_appear_while_one_speaks_and_firm_up(config, folder, say, no_child_left):
    spool = Spool(folder, PcmFormat(16_000, 1))
    events = []
    live = LiveTranscriber(config, spool.part, events.append)
    live.start()
    thread = written(spool, speech(say, SPOKEN, "bật đèn"), wait=0.02)
    thread.join()
    assert live.join(60)

    assert [segment.text for segment in live.segments] == [SPOKEN, "bật đèn"]
    assert isinstance(events[0], RecognizerChosen)
    firm = [event.segment for event in events if isinstance(event, SegmentRecognized)]
    assert tuple(firm) == live.segments
    provisional = [event.text for event in events if isinstance(event, ProvisionalText)]
    assert any(text and SPOKEN.startswith(text) for text in provisional)
    assert provisional[-1] == ""
    assert live.heard == pytest.approx(spool.seconds, abs=1.0)


def test_a_recogniser_that_dies_is_started_again_and_nothing_is_said_twice(
    config, folder, say, no_child_left
):
    spool = Spool(folder, PcmFormat(16_000, 1))
    events = []
    live = LiveTranscriber(config, spool.part, events.append)
    live.start()
    first, second = speech(say, SPOKEN), speech(say, "bật đèn")
    spool.append(first.tobytes())
    until = time.monotonic() + 120
    while not live.segments:
        assert time.monotonic() < until
        time.sleep(0.05)
    killed = live.pid
    os.kill(killed, signal.SIGKILL)
    spool.append(second.tobytes())
    until = time.monotonic() + 120
    while live.pid in (None, killed):
        assert time.monotonic() < until
        time.sleep(0.01)
    spool.finish("stopped")  # not before: once all is heard, the new one leaves as well
    assert live.join(60)
    assert [segment.text for segment in live.segments] == [SPOKEN, "bật đèn"]
    # Between two stretches of speech it has nothing to do, and there is nothing to tell.
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert all("started again" in text for text in notices)


def test_live_text_that_cannot_be_had_harms_nothing(folder, tmp_path):
    config = load_config(asr={"model": str(tmp_path / "nothing")})
    spool = Spool(folder, PcmFormat(16_000, 1))
    events = []
    live = LiveTranscriber(config, spool.part, events.append)
    live.start()
    assert live.join(20)
    assert "There is no live text; the recording goes on." in events[0].text
    assert spool.finish("stopped").exists()


def test_silence_costs_no_recognition_and_what_is_said_after_it_comes_in_time(say):
    sound = np.concatenate((silence(10.0), say(SPOKEN), silence(10.0), say("bật đèn"), silence(6)))
    blocks = [AudioBlock(i / 16_000, sound[i : i + 1600]) for i in range(0, len(sound), 1600)]
    silent = []
    stretches = [list(s) for s in SilenceGate(blocks, 0.5, silent.append).stretches()]

    assert len(stretches) == 2
    for stretch in stretches:
        assert all(a.end == pytest.approx(b.start) for a, b in pairwise(stretch))
    assert 9.0 < stretches[0][0].start < 10.5
    given = sum(len(block.samples) for stretch in stretches for block in stretch) / 16_000
    spoken = len(say(SPOKEN)) + len(say("bật đèn"))
    assert given < spoken / 16_000 + 2 * (1.0 + 3.0)
    assert silent[0] == pytest.approx(0.1)
