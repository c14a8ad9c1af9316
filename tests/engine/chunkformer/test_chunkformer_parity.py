"""The engine computes what the reference computes; golden files hold the reference's side."""

import numpy as np
import pytest
import torch
from make_golden import BATCH, CONTEXTS, EVERY, LENGTHS, LIVE
from parity_adapter import step_to_end
from random_model import random_sound, write_random_model

from omoai_engine.asr.chunkformer import streaming
from omoai_engine.asr.chunkformer.bounded import Live
from omoai_engine.asr.chunkformer.checkpoint import load_checkpoint
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.ctc import CTCHead, collapse
from omoai_engine.asr.chunkformer.features import FeatureStream
from omoai_engine.asr.chunkformer.model import Encoder
from omoai_engine.asr.chunkformer.rnnt import TransducerGreedy, TransducerHead
from omoai_engine.asr.chunkformer.streaming import FrameStream, Wavefront

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint(random_folder):
    return load_checkpoint(random_folder)


@pytest.fixture(scope="module")
def encoder(checkpoint):
    return Encoder(checkpoint, CPU, "float32")


@pytest.fixture(scope="module")
def sound():
    return torch.from_numpy(random_sound().astype(np.float32) / 32768)


@pytest.fixture(scope="module")
def features(sound):
    return FeatureStream().push(sound)


@torch.inference_mode()
def encode(encoder, blocks, context):
    """All frames of one recording whose features come in these blocks."""
    frames, wave = FrameStream(encoder), Wavefront(encoder, context)
    out = [wave.step([frames.push(block)], [False])[0] for block in blocks]
    out += step_to_end(wave, [torch.zeros(0, encoder.config.dim)], [True])
    return torch.cat(out)


def odd_blocks(tensor, seed):
    sizes = np.random.default_rng(seed).choice([1, 3, 7, 8, 50, 400], 2000)
    cuts = np.cumsum(sizes)
    return torch.tensor_split(tensor, cuts[cuts < len(tensor)].tolist())


def close(got, expected, tolerance=1e-4):
    got = got.numpy()[::EVERY]
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


def test_features_are_kaldis(features, golden):
    difference = np.abs(features.numpy()[::EVERY] - golden["features"])
    assert difference.shape == golden["features"].shape
    # Bins far below a frame's peak differ between correct float32 transforms.
    assert (difference < 2e-3).mean() > 0.999
    assert difference.max() < 0.05


def test_features_do_not_depend_on_the_blocks(sound, features):
    stream = FeatureStream()
    pieces = [stream.push(block) for block in odd_blocks(sound[:40_000], 1)]
    torch.testing.assert_close(torch.cat(pieces), features[: 1 + (40_000 - 400) // 160])


@pytest.mark.parametrize("samples", [0, 1, 399, 400, 559, 560])
def test_features_of_almost_nothing(samples):
    frames = FeatureStream().push(torch.zeros(samples))
    assert frames.shape == (max(0, 1 + (samples - 400) // 160), 80)


def test_a_sample_that_is_no_number_is_silence(sound):
    broken = sound[:1600].clone()
    broken[100], broken[200] = float("nan"), float("inf")
    assert bool(torch.isfinite(FeatureStream().push(broken)).all())


@pytest.mark.parametrize("context", CONTEXTS)
def test_encoder_equals_the_reference(encoder, features, golden, context):
    expected = golden["encoder_{}_{}_{}".format(*context)]
    close(encode(encoder, [features], Context(*context)), expected)


@pytest.mark.parametrize("length", LENGTHS)
def test_encoder_of_short_recordings(encoder, features, golden, length):
    close(encode(encoder, [features[:length]], Context(16, 32, 32)), golden[f"length_{length}"])


@pytest.mark.parametrize("context", CONTEXTS)
def test_encoder_does_not_depend_on_the_blocks(encoder, features, golden, context):
    got = encode(encoder, odd_blocks(features, sum(context)), Context(*context))
    close(got, golden["encoder_{}_{}_{}".format(*context)])


def test_fewer_than_fifteen_features_give_nothing(encoder, features):
    assert len(encode(encoder, [features[:14]], Context())) == 0


def test_recordings_in_one_batch_do_not_influence_each_other(encoder, features, golden):
    streams = [FrameStream(encoder) for _ in BATCH]
    with torch.inference_mode():
        frames = [s.push(features[a:b]) for s, (a, b) in zip(streams, BATCH, strict=True)]
    wave = Wavefront(encoder, Context(16, 32, 32), len(BATCH))
    out = [[] for _ in BATCH]
    for first in range(0, max(map(len, frames)), 40):
        ended = [first + 40 >= len(f) for f in frames]
        parts = [f[first : first + 40] for f in frames]
        for got, new in zip(out, step_to_end(wave, parts, ended), strict=True):
            got.append(new)
    for index, got in enumerate(out):
        close(torch.cat(got), golden[f"batch_{index}"])


@torch.inference_mode()
def live(encoder, features, context, step=13):
    frames, stream = FrameStream(encoder).push(features), Live(encoder, context)
    out = [stream.step(part, False) for part in torch.split(frames, step)]
    return torch.cat([*out, stream.step(frames[:0], True)])


@pytest.mark.parametrize("context", LIVE)
def test_live_equals_the_reference_chunk_by_chunk(encoder, features, golden, context):
    expected = golden["live_{}_{}_{}".format(*context)]
    got = live(encoder, features, Context(*context))
    assert len(got) == (len(features) - 15) // 8 + 1
    close(got[: len(expected) * EVERY], expected)


@pytest.mark.parametrize("length", [15, 150, 271, 1398])
def test_live_without_right_context_is_the_file_result(encoder, features, length):
    context = Context(16, 32, 0)
    file = encode(encoder, [features[:length]], context)
    torch.testing.assert_close(live(encoder, features[:length], context), file, rtol=0, atol=2e-5)


def test_ctc_tokens_and_text(encoder, checkpoint, features, golden):
    kept = CTCHead(checkpoint, CPU)(encode(encoder, [features], Context()))
    assert kept.tokens.tolist() == golden["tokens"]
    words = "".join(checkpoint.vocabulary[t] for t in collapse(kept.tokens)).replace("▁", " ")
    assert words.strip() == golden["text"]


@pytest.mark.parametrize("early", [False, True])
def test_the_early_format_gives_the_same(tmp_path, features, golden, early):
    folder = write_random_model(tmp_path / "model", early=early)
    encoder = Encoder(load_checkpoint(folder), CPU, "float32")
    close(encode(encoder, [features], Context(16, 32, 32)), golden["encoder_16_32_32"])


def test_rnnt_tokens(tmp_path, features, golden):
    checkpoint = load_checkpoint(write_random_model(tmp_path / "rnnt", kind="transducer"))
    frames = encode(Encoder(checkpoint, CPU, "float32"), [features], Context())
    greedy = TransducerGreedy(TransducerHead(checkpoint, CPU))
    runs = [run for part in torch.split(frames, 9) for run in greedy.push(part)]
    assert len(golden["rnnt"]) > 5
    assert [run.token for run in runs] == golden["rnnt"]


@pytest.mark.parametrize(("precision", "noise_db"), [("bfloat16", 30), ("int8", 15)])
def test_reduced_precision_stays_close(encoder, checkpoint, features, precision, noise_db):
    exact = encode(encoder, [features], Context())
    try:
        rough = encode(Encoder(checkpoint, CPU, precision), [features], Context())
    except RuntimeError as error:
        pytest.skip(f"{precision} does not run on this processor: {error}")
    noise = (rough - exact).square().mean() / exact.var()
    assert 10 * float(torch.log10(noise)) < -noise_db


@pytest.mark.parametrize("context", CONTEXTS)
@torch.inference_mode()
def test_the_way_of_a_gpu_gives_the_same(encoder, features, golden, context):
    """Attention for all chunks in one masked call, as on a GPU, here on the processor."""
    wave, frames = Wavefront(encoder, Context(*context), 2), FrameStream(encoder).push(features)
    wave.together = True
    out = [], []
    for first in range(0, len(frames), 70):
        parts, ended = (
            [frames[first : first + 70], frames[first : first + 70][:30]],
            first + 70 >= len(frames),
        )
        for got, new in zip(out, wave.step(parts, [ended, ended]), strict=True):
            got.append(new)
    close(torch.cat(out[0]), golden["encoder_{}_{}_{}".format(*context)])


@torch.inference_mode()
def test_a_step_that_fails_changes_nothing(encoder, features, golden, monkeypatch):
    """Every step fails once, each at another place, and is made again in two."""
    monkeypatch.setattr(streaming, "ROWS_AT_ONCE", 32)  # so that the end takes several steps
    wave, frames = Wavefront(encoder, Context(16, 32, 32)), FrameStream(encoder).push(features)
    out, failed, steps = [], 0, 0
    parts = [*torch.split(frames, 24)]
    while parts or not wave.finished():
        part, ended = (parts.pop(0) if parts else frames[:0]), not parts
        calls, steps = iter(range(99)), steps + 1

        def fail_midway(calls=calls, last=steps % 4):
            if next(calls) == last:
                raise torch.OutOfMemoryError("no more")

        try:
            out += wave.step([part], [ended], fail_midway)  # where it asks less often than that
        except torch.OutOfMemoryError:
            failed += 1
            out += wave.step([part[:10]], [ended and len(part) <= 10])
            out += wave.step([part[10:]], [ended]) if len(part) > 10 else []
    assert failed > 8
    assert steps > len(frames) / 24 + 2
    close(torch.cat(out), golden["encoder_16_32_32"])
