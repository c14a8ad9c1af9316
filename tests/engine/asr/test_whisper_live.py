"""Whisper while a recording is made: what two passes agree on stays, firm text comes at a pause."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.asr.recognizer import LiveRecognizer
from omoai_engine.asr.whisper import WhisperRecognizer
from omoai_engine.asr.whisper_live import Agreement
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.events import ProvisionalText
from omoai_engine.models import resolve_model
from omoai_engine.models.offline import find_whisper_base_parts
from omoai_engine.preprocess import open_audio


def bare(word):
    return word.strip(",").lower()


words = st.lists(st.sampled_from(["a", "b", "B,", "c"]), max_size=6)


@given(st.lists(words, max_size=6))
def test_what_was_shown_twice_alike_is_not_taken_back(guesses):
    agreement, kept = Agreement(), ()
    before = ()
    for guess in guesses:
        shown = agreement.insert(guess)
        assert shown[: len(kept)] == kept
        assert shown[len(kept) :] == tuple(guess)[len(kept) :]
        alike = 0
        while alike < min(len(before), len(guess)) and bare(before[alike]) == bare(guess[alike]):
            alike += 1
        kept = shown[: max(alike, len(kept))]
        before = tuple(guess)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    if find_whisper_base_parts() is None:
        pytest.skip("the `offline` extra is not installed")
    folder = tmp_path_factory.mktemp("models")
    return resolve_model(load_config(models={"folder": str(folder)}, asr={"engine": "whisper"}))


def test_speech_is_shown_at_once_and_firm_at_the_pause(model, jfk):
    recognizer = WhisperRecognizer(
        model.folder, model.name, ASRSettings(language="en", quality="fast", device="cpu")
    )
    assert isinstance(recognizer, LiveRecognizer)
    with open_audio(jfk) as file:
        sound = np.concatenate([block.samples for block in file])
    sound = np.concatenate((sound, np.zeros(6 * SAMPLE_RATE_HZ, np.float32)))
    given, happened = [0.0], []

    def blocks():
        for first in range(0, len(sound), 4000):
            given[0] = (first + 4000) / SAMPLE_RATE_HZ
            yield AudioBlock(first / SAMPLE_RATE_HZ, sound[first : first + 4000])

    def report(event):
        if isinstance(event, ProvisionalText):
            happened.append((given[0], event))

    segments = []
    for segment in recognizer.recognize_live(blocks(), control=JobControl(), report=report):
        segments.append((given[0], segment))
    recognizer.close()

    text = " ".join(segment.text for _, segment in segments).lower()
    assert "my fellow americans" in text
    assert "what you can do for your country" in text
    assert all(a.end <= b.start for (_, a), (_, b) in pairwise(segments))
    # Seconds of sound: the first words are shown soon, the last are firm soon after the pause.
    assert happened[0][0] < 4.0
    assert segments[-1][0] - segments[-1][1].end < 5.0
    assert happened[-1][1].text == ""
