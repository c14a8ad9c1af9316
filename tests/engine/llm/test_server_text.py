"""Text work through a real vLLM server: the whole command, and a server that goes down."""

from __future__ import annotations

import json
import os
import urllib.parse
from pathlib import Path

import pytest
from llm_asks import API_KEY, far_apart, random_transcript
from relay import Relay

from omoai_engine import VLLMProcessor
from omoai_engine.cli import main
from omoai_engine.config import OmoAIConfig, load_config
from omoai_engine.events import Event, Notice
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment

# More of them by choice; a name that begins with OMOAI_ would be read as a setting.
TRANSCRIPTS = int(os.environ.get("TEST_TRANSCRIPTS", "16"))


def said(segments: list[ASRSegment]) -> list[str]:
    return words_of(" ".join(segment.text for segment in segments))


def test_the_command_uses_a_configured_server_and_says_so(
    server_config: OmoAIConfig,
    jfk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("OMOAI_LLM__SERVER_URL", str(server_config.llm.server_url))
    monkeypatch.setenv("OMOAI_LLM__API_KEY", API_KEY)
    monkeypatch.setenv("OMOAI_LLM__CONTEXT_TOKENS", "1024")
    monkeypatch.setenv("OMOAI_POSTPROCESS__PUNCTUATION", "model")
    monkeypatch.setenv("OMOAI_ASR__QUALITY", "fast")

    assert main(["transcribe", str(jfk), "--json"]) == 0

    out, err = capsys.readouterr()
    result = json.loads(out)
    assert "country" in result["transcript"]
    assert words_of(result["transcript_punctuated"]) == words_of(result["transcript"])
    text = result["metadata"]["postprocess"]
    assert (text["backend"], text["model"], text["punctuation"]) == ("server", "tiny", "model")
    assert (text["words_changed"], text["pieces_kept_original"], text["fell_back"]) == (0, 0, "")
    assert text["reason"].startswith("a server is configured; vLLM is not used, because there is")
    assert f"en-jfk.mp3: text by server ({text['reason']})" in err
    assert API_KEY not in out + err


def test_no_word_of_random_transcripts_changes(server_config: OmoAIConfig) -> None:
    segments = far_apart(random_transcript(seed) for seed in range(TRANSCRIPTS))
    with VLLMProcessor(server_config) as processor:
        result = processor.punctuate(segments, language="vi")
    assert words_of(result.transcript_punctuated) == said(segments)
    assert [words_of(s.text) for s in result.segments] == [words_of(s.text) for s in segments]
    assert result.metadata["fell_back"] == ""
    by_model = result.metadata["pieces"] - result.metadata["pieces_kept_original"]
    assert by_model >= 0.9 * result.metadata["pieces"] > 0


def test_a_server_that_goes_down_on_the_way_costs_nothing_but_its_marks(
    server_config: OmoAIConfig,
) -> None:
    heard: list[Event] = []
    segments = far_apart(random_transcript(seed) for seed in range(60))
    port = urllib.parse.urlsplit(str(server_config.llm.server_url)).port
    # Three exchanges a piece and 32 paragraphs a batch: one batch at least is answered before.
    with Relay(port or 0, lasts=120) as relay:
        llm = {
            "backend": "server",
            "server_url": f"http://127.0.0.1:{relay.port}/v1",
            "api_key": API_KEY,
            "context_tokens": 1024,
            "retries": 0,
        }
        with VLLMProcessor(load_config(llm=llm)) as processor:
            result = processor.process(segments, language="vi", on_event=heard.append)
    assert words_of(result.transcript_punctuated) == said(segments)
    assert len(result.segments) == len(segments)
    metadata = result.metadata
    assert 0 < metadata["pieces_kept_original"] < metadata["pieces"]
    assert "at http://127.0.0.1" in metadata["fell_back"]
    assert result.summary.metadata["method"] == "extractive"
    assert result.summary.metadata["fallback"] == metadata["fell_back"]
    told = [event.text for event in heard if isinstance(event, Notice)]
    assert told == [f"The language model cannot be used, the rules go on: {metadata['fell_back']}"]
