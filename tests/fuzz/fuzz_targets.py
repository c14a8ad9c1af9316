"""What is fuzzed: every parser of ours that reads what others wrote, each with what must hold.

A target takes any bytes. It may raise `OmoAIError` where the parser says so; everything else that
escapes, a broken promise (`AssertionError`) or a hang is a finding. `SEEDS` gives good inputs to
begin with.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from omoai_engine.errors import ConfigError, ModelError, TranscriptFormatError
from omoai_engine.text import clean_text

Target = Callable[[bytes], None]

DATA = Path(__file__).parents[1] / "data"
GOLDEN = Path(__file__).parents[1] / "engine" / "export" / "golden"
FOLDER = Path(tempfile.mkdtemp(prefix="omoai-fuzz-"))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _clean(texts: Iterable[str]) -> None:
    for text in texts:
        assert clean_text(text) == text, "a control character came through"


def imported_transcript(data: bytes) -> None:
    """SRT, WebVTT, JSON: times finite and in order, texts clean; what comes out goes in again."""
    from omoai_engine.export import render_bytes
    from omoai_engine.library.imports import parse_transcript

    try:
        result = parse_transcript(data)
    except TranscriptFormatError as error:
        _clean([str(error)])
        return
    before = 0.0
    for segment in result.segments:
        assert math.isfinite(segment.start)
        assert math.isfinite(segment.end)
        assert before <= segment.start <= segment.end
        before = segment.start
        _clean([segment.text, segment.speaker or ""])
    for name in ("srt", "vtt", "json", "txt"):
        render_bytes(result, name)


def edited_text(data: bytes) -> None:
    """What comes back from an editor: edits that can be made, or notes that name a line."""
    from omoai_engine.library.editor import from_text
    from omoai_engine.library.records import Entry, Segment, Transcript
    from omoai_engine.results import SummaryResult, Word

    lines = ("một hai ba", "bốn năm", "sáu bảy tám chín")
    segments = tuple(
        Segment(
            key=at + 1,
            position=str(at),
            start=at * 5.0,
            end=at * 5.0 + 4,
            text=line,
            words=tuple(
                Word(at * 5.0 + n, at * 5.0 + n + 1, w) for n, w in enumerate(line.split())
            ),
        )
        for at, line in enumerate(lines)
    )
    entry = Entry(1, 0.0, "t", "t", "finished", 15.0, "vi", None, None, 9, "none", None)
    transcript = Transcript(entry, segments, SummaryResult("", (), ""))
    back = from_text(transcript, _text(data))
    known = {segment.key for segment in segments}
    for edit in back.edits:
        keys = getattr(edit, "keys", None) or (getattr(edit, "key", None),)
        assert set(keys) <= known, edit
        _clean([getattr(edit, "text", "") or "", getattr(edit, "speaker", "") or ""])
    for note in back.notes:
        assert note.line >= 1
        assert note.why
        _clean([note.text])


def summary_answer(data: bytes) -> None:
    """A model's summary: a draft of clean text, or none."""
    from omoai_engine.postprocess.summary_parser import parse_summary

    draft = parse_summary(_text(data))
    if draft is not None:
        assert draft.abstract or draft.bullets
        _clean([draft.title, draft.abstract, *(text for text, _ in draft.bullets)])
        assert all(number >= 0 for _, numbers in draft.bullets for number in numbers)


def punctuation_answer(data: bytes) -> None:
    """A model's punctuation, whatever it wrote: not one word is changed."""
    from omoai_engine.postprocess.pieces import Piece, read

    words = ("luôn", "luôn", "là", "không", "không", "phải", "covid-19", "ok")
    places = tuple((0, at) for at in range(len(words)))
    answer = read(Piece(words, words, places), _text(data))
    if answer is None:
        return
    assert len(answer.texts) == len(words)
    for ours, theirs in zip(words, answer.texts, strict=True):
        kept = theirs.strip("\"'“”‘’«»()[]…,.;:?!–— ").casefold()
        assert kept == ours.casefold(), (ours, theirs)
    for first, last, other in answer.other_words:
        assert 0 <= first <= last < len(words)
        _clean([other])


def vocabulary(data: bytes) -> None:
    """`vocab.txt`: as many tokens as the model has, or a sentence."""
    from omoai_engine.asr.chunkformer.vocabulary import read_vocabulary

    path = FOLDER / "vocab.txt"
    path.write_bytes(data)
    try:
        tokens = read_vocabulary(path, 5)
    except ModelError as error:
        _clean([str(error)])
        return
    assert len(tokens) == 5
    _clean(tokens)


def word_pieces(data: bytes) -> None:
    """`bpe.model` (protocol buffers): as many tokens as the model has, or a sentence."""
    from omoai_engine.asr.chunkformer.vocabulary import read_pieces

    path = FOLDER / "bpe.model"
    path.write_bytes(data)
    try:
        tokens = read_pieces(path, 6, 5)
    except ModelError as error:
        _clean([str(error)])
        return
    assert len(tokens) == 6
    _clean(tokens)


def model_config(data: bytes) -> None:
    """`config.yaml`: sizes that a model can have, or a sentence."""
    from omoai_engine.asr.chunkformer.config import read_config

    (FOLDER / "config.yaml").write_bytes(data)
    try:
        config = read_config(FOLDER)
    except (ModelError, ConfigError) as error:
        _clean([str(error)])
        return
    assert config.dim > 0
    assert config.dim % config.heads == 0


def weights(data: bytes) -> None:
    """Safetensors: the tensors that the model needs and no others, or a sentence."""
    import shutil

    import torch

    from omoai_engine.asr.chunkformer.checkpoint import load_checkpoint

    folder = FOLDER / "model"
    if not folder.is_dir():
        shutil.copytree(DATA / "tiny-chunkformer", folder)
    (folder / "model.safetensors").write_bytes(data)
    try:
        checkpoint = load_checkpoint(folder)
    except ModelError as error:
        _clean([str(error)])
        return
    assert all(bool(torch.isfinite(tensor).all()) for tensor in checkpoint.tensors.values())


def feature_statistics(data: bytes) -> None:
    """`global_cmvn`: finite or infinite numbers, as many of each, or a sentence."""
    from omoai_engine.asr.chunkformer.checkpoint import read_cmvn

    path = FOLDER / "global_cmvn"
    path.write_bytes(data)
    try:
        mean, inverse = read_cmvn(path)
    except ModelError as error:
        _clean([str(error)])
        return
    assert mean.shape == inverse.shape


def language_model_files(data: bytes) -> None:
    """The settings, tokens and weights of a language model's folder: facts, or a sentence."""
    from omoai_engine.postprocess.llm.files import examine_model

    folder = FOLDER / "language-model"
    folder.mkdir(exist_ok=True)
    cut = len(data) // 2
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes(b'{"model": {}}')
    (folder / "config.json").write_bytes(data[:cut].strip())
    (folder / "model.safetensors").write_bytes(data[cut:])
    try:
        facts = examine_model(folder)
    except ModelError as error:
        _clean([str(error)])
        return
    assert facts.context > 0
    assert facts.weights_bytes == len(data) - cut
    _clean([facts.architecture])


def kept_segments(data: bytes) -> None:
    """What a job that ended too soon has left: segments with times in order, clean texts."""
    import os

    from omoai_engine.unfinished_lines import read_lines

    path = FOLDER / "kept.jsonl"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDWR)
    try:
        earlier, length = read_lines(descriptor, (0, 0))
    finally:
        os.close(descriptor)
    assert 0 <= length <= len(data)
    for segment in earlier.segments if earlier else ():
        assert 0 <= segment.start <= segment.end < 1e9
        assert segment.confidence is None or 0 <= segment.confidence <= 1
        _clean([segment.text, *(word.text for word in segment.words)])


def configuration(data: bytes) -> None:
    """`omoai.toml`: settings, or a sentence that names the place."""
    import os

    from omoai_engine.config import load_config

    path = FOLDER / "omoai.toml"
    path.write_bytes(data)
    os.environ["OMOAI_CONFIG"] = str(path)
    try:
        load_config()
    except ConfigError as error:
        _clean([str(error)])
    finally:
        del os.environ["OMOAI_CONFIG"]


def theme(data: bytes) -> None:
    """A person's theme file: a theme, or a sentence; never an end of the app."""
    from omoai_tui.themes import read_folder

    folder = FOLDER / "themes"
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_bytes(data)
    found = read_folder(folder)
    assert len(found.themes) + len(found.problems) == 1


def terminal_input(data: bytes) -> None:
    """What a terminal sends: keys, or nothing; read in pieces as it comes over a slow line."""
    import codecs

    from textual.events import Key

    from omoai_tui.driver import InputReader

    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    reader = InputReader()
    for at in range(0, len(data), 7):
        list(reader.feed(decode(data[at : at + 7])))
        list(reader.tick())
    # Whatever it was, a person's next keys arrive: what was begun may swallow some.
    keys = [one for _ in range(3) for one in reader.feed("\x1b[201~\x1b\\q")]
    assert any(isinstance(one, Key) and one.key == "q" for one in keys)


def sender_line(data: bytes) -> None:
    """The first line of a remote microphone."""
    from omoai_engine.recording.remote import read_line

    said = read_line(data)
    if said is not None:
        assert 1 <= said.channels <= 8
        assert said.to_line() == data or b"rate=0" in data


def recording_head(data: bytes) -> None:
    """Head and notes of a recording that was cut: described, whatever they hold."""
    from omoai_engine.recording import find_unfinished

    folder = FOLDER / "recordings"
    folder.mkdir(exist_ok=True)
    cut = len(data) // 2
    (folder / "2026-01-01_00-00-00.wav.part").write_bytes(data[:cut])
    (folder / "2026-01-01_00-00-00.jsonl").write_bytes(data[cut:])
    for recording in find_unfinished(folder):
        assert math.isfinite(recording.seconds)
        assert recording.seconds >= 0
        _clean([recording.device, recording.how or ""])


def server_stream(data: bytes) -> None:
    """What a language-model server streams, event by event: clean text, or a fault."""
    import json

    from omoai_engine.postprocess.llm.contract import Message, Request
    from omoai_engine.postprocess.llm.server_http import ServerFault
    from omoai_engine.postprocess.llm.server_protocol import (
        Manner,
        Writer,
        context_of,
        count_of,
        models_of,
    )

    request = Request((Message("user", "x"),), max_tokens=16)
    writer = Writer(request, Manner("response_format", True))
    try:
        for line in data.splitlines():
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            for entry in models_of(event):
                context_of(entry)
            count_of(event)
            _clean([writer.take(event)])
        done = writer.completion()
    except ServerFault:
        return
    _clean([done.text])


def _exported(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(GOLDEN.glob(f"*.{name}"))]


def _tiny(name: str) -> list[bytes]:
    return [(DATA / "tiny-chunkformer" / name).read_bytes()]


def _recording() -> bytes:
    from omoai_engine.recording.wav import PcmFormat, head

    notes = b'{"event": "begin", "time": 1.5, "device": "m", "rate": 48000, "channels": 1}\n'
    notes += b'{"event": "mark", "at": 2.5, "label": "x"}\n'
    return (start := head(PcmFormat(48_000, 1), 9600)) + notes[: len(start)].ljust(len(start))


def _language_model(end: bytes) -> bytes:
    header = b'{"a": {"dtype": "F16", "shape": [4], "data_offsets": [0, ' + end + b"]}}"
    weights = len(header).to_bytes(8, "little") + header + bytes(8)
    config = b'{"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096}'
    return config.ljust(len(weights)) + weights.rjust(len(config))


_THEMES = sorted((Path(__file__).parents[2] / "themes").glob("*.toml"))

SEEDS: dict[Target, list[bytes]] = {
    imported_transcript: [
        *_exported("srt"),
        *_exported("vtt"),
        *_exported("json"),
        b'{"text": "a", "segments": [{"start": 0, "end": 1.5, "text": " a", "words": '
        b'[{"word": " a", "start": 0, "end": 1, "probability": 0.9, "speaker": "S"}]}]}',
        b"\xff\xfe1\x00\n\x00",
        # Found: each took time that grew with the square of its length.
        b"1\n00:00:01,0 --> 00:00:02,0\n" + b"<b>" * 20_000,
        b"1\n00:00:01,0 --> 00:00:02,0\n" + b"<" * 60_000,
    ],
    edited_text: ["[#1 0:00:00.0 An] một hai ba\n\n[#2 0:00:05.0] bốn\n# x\n".encode()],
    summary_answer: [
        b'```json\n{"title": "T", "abstract": "A", "bullets": ["b [1]", {"text": "c", '
        b'"paragraphs": [2]}],}\n```',
        # Found: the first needed time that doubled with every digit, the others its square.
        b"1. b [" + b"1" * 60 + b", 2",
        b"\n" * 60_000,
        b"1. a" + b" " * 50_000 + b"b",
        b"<think>" * 8_000,
        "<think>x</think>**Tiêu đề:** T\n**Tóm tắt:** A\n\n1. b [1, 2]\n- c\n".encode(),
    ],
    punctuation_answer: ["Luôn luôn là, không không phải COVID-19. Ok?".encode()],
    vocabulary: ["<blank> 0\n<unk> 1\n▁xin 2\nà 3\n<sos/eos> 4\n".encode()],
    word_pieces: [
        b"".join(
            bytes([10, len(piece) + 7, 10, len(piece)]) + piece + b"\x15\x00\x00\x00\x00"
            for piece in (b"\xe2\x96\x81a", b"b", b"c")
        )
    ],
    model_config: [*_tiny("config.yaml"), b"encoder_conf:\n  norm_eps: abc\nz: 2001-13-45\n"],
    weights: _tiny("model.safetensors"),
    feature_statistics: [
        *_tiny("global_cmvn"),
        b"[ 1 2 3 1 4 5 6 0 ]",
        # Found by hand: numbers that no float holds, and lists without end.
        b'{"mean_stat": [' + b"9" * 400 + b'], "var_stat": [1], "frame_num": 3}',
        b'{"mean_stat": ' + b"[" * 60_000,
    ],
    language_model_files: [_language_model(b"8"), _language_model(b"1e999")],
    kept_segments: [
        b'{"format":1}\n{"language":{"language":"vi","probability":0.9}}\n'
        b'{"segment":[0.5,1,"a",0.5,[[0.5,1,"a",0.5,[["b",0.1]]]]]}\n'
        b'{"discarded":{"start":1,"end":2,"text":"a","reason":"b"}}\n{"recognized":9}\n{"entry":1}\n',
        b'{"segment":[0,1,"a",1,[]]}\n{"entry":1e999}\n',
        b'{"segment":[0,1,"a",1,[]]}\n' + b"[" * 60_000 + b"\n",
    ],
    configuration: [b'offline = true\n[asr]\nlanguage = "vi"\nhotwords = ["a"]\nbeam_size = 3\n'],
    theme: [path.read_bytes() for path in _THEMES],
    terminal_input: [
        b"\x1b[A\x1b[1;5C\x1b[<0;10;5M\x1b[200~d\xc3\xa1n\x1b[201~\x1b]52;c;eA==\x07\x1b[?1;2c",
        b"\x1b[1222222222222222222222;5C",  # found: it ended the keyboard
        b"\x1b[97;5u\x1b[?2026;2$y\x1bOP\x1b\x1b[M !!",
    ],
    sender_line: [b"OMOAI-PCM rate=48000 channels=2 format=s16le\n"],
    recording_head: [_recording()],
    server_stream: [
        b'{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}], "usage": '
        b'{"prompt_tokens": 1, "completion_tokens": 2}, "data": [{"id": "m", "max_model_len": 9}]}'
    ],
}
TARGETS: dict[str, Target] = {target.__name__: target for target in SEEDS}
