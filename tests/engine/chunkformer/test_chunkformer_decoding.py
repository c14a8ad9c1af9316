"""From frames to words: the order of the collapse, other readings, hotwords, segments."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_model import random_sound, write_random_model

from omoai_engine.asr.chunkformer.beam import WordLimit, hotword_tree, search, spell
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.ctc import Frames, GreedyCollapse, TokenRun, collapse
from omoai_engine.asr.chunkformer.live import LiveTranscription
from omoai_engine.asr.chunkformer.loading import load_model
from omoai_engine.asr.chunkformer.readers import HotwordReader
from omoai_engine.asr.chunkformer.transcription import FileTranscription, Options
from omoai_engine.asr.chunkformer.words import Segmenter, WordBuilder, to_word
from omoai_engine.errors import ModelError
from omoai_engine.results import Word

VOCABULARY = ["<blank>", "<unk>", "▁xin", "▁ch", "ào", "▁", "lan", "<sos/eos>"]


def frames(tokens):
    return Frames(np.asarray(tokens, np.int64), np.zeros(len(tokens), np.float32), {})


def uncertain(rows):
    """Frames in which the model hesitates: rows of {token: probability}."""
    candidates, tokens, log_probs = {}, [], []
    for index, row in enumerate(rows):
        ordered = sorted(row, key=row.get, reverse=True)
        values = np.log([row[token] for token in ordered]).astype(np.float32)
        candidates[index] = (np.array(ordered), values)
        tokens.append(ordered[0])
        log_probs.append(values[0])
    return Frames(np.array(tokens), np.array(log_probs, np.float32), candidates)


def test_repeats_are_merged_before_blanks_fall_out():
    assert collapse([0, 5, 5, 0, 5, 6, 6, 0, 0, 6]) == [5, 5, 6, 6]


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 9))
def test_the_collapse_does_not_depend_on_the_blocks(tokens, size):
    whole, parts = GreedyCollapse(), GreedyCollapse()
    expected = whole.push(frames(tokens)) + whole.finish()
    found = []
    for first in range(0, len(tokens), size):
        found += parts.push(frames(tokens[first : first + size]))
    assert found + parts.finish() == expected
    assert all(a.last < b.first for a, b in pairwise(expected))
    assert all(set(tokens[r.first : r.last + 1]) == {r.token} for r in expected)


@given(st.lists(st.integers(0, 3), max_size=40))
def test_the_search_over_certain_frames_is_the_collapse(tokens):
    (runs, share), *others = search(frames(tokens), 0, len(tokens))
    assert [run.token for run in runs] == collapse(tokens)
    assert share == pytest.approx(1.0)
    assert not others


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=1, max_size=6))
def test_shares_are_the_summed_probabilities_of_all_ways(weights):
    """Against every path, counted one by one."""
    rows = [{t: w / sum(row) for t, w in enumerate(row)} for row in weights]
    paths = {(): 1.0}
    for row in rows:
        paths = {(*p, t): share * row[t] for p, share in paths.items() for t in row}
    expected = {}
    for path, share in paths.items():
        expected[tuple(collapse(path))] = expected.get(tuple(collapse(path)), 0.0) + share
    found = search(uncertain(rows), 0, len(rows), beam=10_000)
    assert {tuple(r.token for r in runs): share for runs, share in found} == pytest.approx(expected)


def test_other_readings_of_an_uncertain_word():
    given_frames = uncertain([{0: 0.9, 2: 0.1}, {2: 0.6, 3: 0.39, 0: 0.01}, {0: 0.99, 3: 0.01}])
    (first, share), (second, other), *_ = search(given_frames, 0, 3)
    assert [run.token for run in first] == [2]
    assert first[0].first == first[0].last == 1
    assert [run.token for run in second] == [3]
    assert share > other > 0.2


BEGINS = [token.startswith("▁") for token in VOCABULARY]
CHAO = hotword_tree([(3, 4)])


def test_a_hotword_wins_where_the_sound_allows():
    close = uncertain([{2: 0.55, 3: 0.45}, {0: 0.6, 4: 0.4}, {0: 1.0}])
    assert [run.token for run in search(close, 0, 3)[0][0]] == [2]
    assert [run.token for run in search(close, 0, 3, tree=CHAO)[0][0]] == [3, 4]
    clear = uncertain([{2: 0.9999, 3: 0.0001}, {0: 0.9999, 4: 0.0001}, {0: 1.0}])
    assert [run.token for run in search(clear, 0, 3, tree=CHAO)[0][0]] == [2]


def test_half_a_hotword_earns_nothing():
    half = uncertain([{2: 0.55, 3: 0.45}, {0: 1.0}, {5: 1.0}])
    assert [run.token for run in search(half, 0, 3, tree=CHAO)[0][0]] == [2, 5]


def test_a_hotword_is_not_added_where_no_word_was_heard():
    between = uncertain([{2: 1.0}, {0: 0.6, 3: 0.4}, {0: 0.7, 4: 0.3}, {2: 1.0}])
    assert [run.token for run in search(between, 0, 4, tree=CHAO)[0][0]] == [2, 3, 4, 2]
    limit = WordLimit(BEGINS, [1, 1, 1, 2])
    assert [r.token for r in search(between, 0, 4, tree=CHAO, limit=limit)[0][0]] == [2, 2]


def test_readings_of_one_word_are_one_word():
    given_frames = uncertain([{2: 0.6, 3: 0.4}, {2: 0.5, 4: 0.5}, {0: 0.9, 6: 0.1}])
    limit = WordLimit(BEGINS, [1, 1, 1])
    found = search(given_frames, 0, 3, limit=limit)
    assert {tuple(r.token for r in runs) for runs, _ in found} >= {(2,), (3, 4)}
    assert all(sum(BEGINS[r.token] for r in runs) <= 1 for runs, _ in found)


@given(st.lists(st.integers(0, 6), max_size=80), st.integers(1, 20))
def test_hotwords_that_are_not_said_change_nothing(tokens, size):
    class Certain:
        def __call__(self, rows, *, hesitation=True):
            return frames(rows.tolist())

    reader, found = HotwordReader(Certain(), hotword_tree([(7, 7)]), 6, [1] * 8), []
    for part in torch.split(torch.tensor(tokens, dtype=torch.long), size) if tokens else ():
        runs, decided = reader.push(reader.hear(part))
        found += runs
        reader.forget(decided)
    assert [run.token for run in found + reader.finish()] == collapse(tokens)


def test_spelling_takes_the_pieces_of_the_vocabulary():
    ids = {token: index for index, token in enumerate(VOCABULARY)}
    assert spell("▁chào", ids) == [(3, 4)]
    assert spell("▁lan", ids) == [(5, 6)]
    assert spell("▁nobody", ids) == []


def words_of(runs, now=10**6):
    builder = WordBuilder(VOCABULARY, 6)
    heard = builder.push(runs, now) + builder.finish()
    made = [to_word(one, builder.text([run.token for run in one.runs])) for one in heard]
    return [word for word in made if word]


def test_pieces_become_words_with_times_and_probabilities():
    runs = [TokenRun(2, 10, 11, -0.1), TokenRun(3, 14, 14, -0.2), TokenRun(4, 15, 17, -0.3)]
    xin, chao = words_of(runs)
    assert (xin.text, xin.start, xin.end) == ("xin", 0.8, 0.96)
    assert (chao.text, chao.start, chao.end) == ("chào", 1.12, 1.44)
    assert chao.confidence == pytest.approx(np.exp(-0.5), abs=1e-4)


def test_special_tokens_are_never_text():
    runs = [TokenRun(1, 0, 0, 0.0), TokenRun(2, 3, 3, 0.0), TokenRun(7, 5, 5, 0.0)]
    assert [word.text for word in words_of(runs)] == ["xin"]
    assert words_of([TokenRun(5, 0, 0, 0.0)]) == []


def test_a_piece_after_a_pause_begins_a_word():
    runs = [TokenRun(3, 0, 0, 0.0), TokenRun(4, 20, 20, 0.0)]
    assert [word.text for word in words_of(runs)] == ["ch", "ào"]


word_lists = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.08, 1.0)), min_size=1, max_size=40)


@given(word_lists, st.integers(1, 7))
def test_segments_do_not_depend_on_when_words_come(gaps, size):
    words, time = [], 0.0
    for gap, length in gaps:
        words.append(Word(time + gap, time + gap + length, "a", 0.9))
        time += gap + length
    limits = {"min_silence_seconds": 0.5, "max_segment_seconds": 6.0}
    whole, parts, found = Segmenter(**limits), Segmenter(**limits), []
    expected = whole.push(words, 0.0) + whole.finish()
    for first in range(0, len(words), size):
        few = words[first : first + size]
        coming = words[first + size].start if first + size < len(words) else few[-1].end
        found += parts.push(few, coming)
    assert found + parts.finish() == expected
    assert [w for s in expected for w in s.words] == words
    assert all(s.end - s.start <= 6.0 or len(s.words) == 1 for s in expected)


@pytest.fixture(scope="module")
def sound():
    return torch.from_numpy(random_sound().astype(np.float32) / 32768)


def through(work, sound, size):
    segments = []
    for part in torch.split(sound, size):
        work.push(part)
        while not work.hungry:
            segments += work.step()[0]
    work.end()
    while not work.over:
        segments += work.step()[0]
    return segments


def test_rnnt_from_sound_to_words(tmp_path, sound):
    model = load_model(write_random_model(tmp_path / "rnnt", kind="transducer"), "cpu", "float32")
    file = [
        through(FileTranscription(model, Context(16, 32, 0), Options()), sound, size)
        for size in (1600, 50_000)
    ]
    assert file[0] == file[1] != []
    live = LiveTranscription(model, Context(16, 32, 0), Options())
    updates = [*(live.push(part) for part in torch.split(sound, 4000)), live.finish()]
    assert [s for update in updates for s in update.segments] == file[0]


@pytest.mark.parametrize("rows", [1, 16, 64, 1000])
def test_windows_of_any_size_give_the_same(random_folder, sound, rows):
    model = load_model(random_folder, "cpu", "float32")
    usual = through(FileTranscription(model, Context(16, 32, 32), Options()), sound, 8000)
    found = through(
        FileTranscription(model, Context(16, 32, 32), Options(), rows=rows), sound, 8000
    )
    assert usual
    assert [(s.start, s.end, s.text) for s in found] == [(s.start, s.end, s.text) for s in usual]


def test_short_memory_makes_the_steps_smaller_and_says_so(random_folder, sound):
    model = load_model(random_folder, "cpu", "float32")
    usual = through(FileTranscription(model, Context(16, 32, 32), Options()), sound, 8000)
    calls, told = iter(range(10**6)), []

    def fails_twice():
        if next(calls) in (1, 2):
            raise torch.OutOfMemoryError("no more")

    work = FileTranscription(
        model, Context(16, 32, 32), Options(), rows=512, check=fails_twice, notice=told.append
    )
    assert [s.text for s in through(work, sound, 8000)] == [s.text for s in usual]
    assert len(told) == 2
    assert "short of memory" in told[0]


def test_no_memory_at_all_is_one_clear_error(random_folder, sound):
    def always_fails():
        raise torch.OutOfMemoryError("no more")

    model = load_model(random_folder, "cpu", "float32")
    work = FileTranscription(model, Context(16, 32, 32), Options(), check=always_fails)
    with pytest.raises(ModelError, match="too little free memory"):
        through(work, sound, 8000)
