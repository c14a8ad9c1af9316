"""The one place that talks to FFmpeg (through PyAV): a reader comes in, sound goes out.

Runs in the decoder child only. What comes in is an object that reads and seeks, never a name:
a file that is really a playlist can then name other files, but nothing can open them, and the
list of demuxers below leaves out every format that would try. Sound goes out as packed float32
at 16 kHz with the channels of the file, (n, channels) at a time. No picture is ever decoded.
"""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import av

# PyAV loads these at the first stream it meets, when the child can no longer open any file.
import av.audio.stream
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
import numpy as np
from av.stream import Discard

from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.preprocess.readers import Reader, promised_size
from omoai_engine.preprocess.wire import Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEMUXERS = (
    "3gp,aa,aac,aax,ac3,act,aea,aiff,amr,amrnb,amrwb,ape,apm,asf,asf_o,ast,au,avi,caf,dsf,dss,dts,"
    "dtshd,dv,eac3,flac,flv,gxf,iamf,iff,ilbc,ircam,kux,lc3,live_flv,loas,matroska,mlp,mmf,mov,mp3,"
    "mpc,mpc8,mpeg,mpegts,mtv,mxf,nistsphere,nsv,nut,ogg,oma,paf,pva,pvf,qcp,qoa,rm,rso,sds,shn,"
    "siff,smjpeg,sox,spdif,tak,truehd,tta,ty,voc,vqf,w64,wav,wsd,wtv,wv,wve,xwma"
)
"""Demuxers of containers that hold sound themselves. Not here, on purpose: hls, concat, sdp, dash,
rtsp, image2 and its kin, lavfi, tedcaptions, webm_dash_manifest, vobsub and raw formats that would
take any bytes for sound."""

SLOWEST_HZ, FASTEST_HZ = 4_000, 768_000
_READ_BYTES = 128 * 1024
# Decoders need what comes before a place to get it right.
_PRIMING_SECONDS = 0.5
_GAPLESS = frozenset({"mp3", "flac", "wav", "w64", "aiff", "caf", "au"})
_GAP_SECONDS = 0.1
_LOCKED_TAGS = frozenset({"enca", "drms", "encv", "drmi", "aavd"})
# Lines that tell of our own settings, or ask programmers for samples.
_NO_CAUSE = ("whitelist", "Failed to open codec", "FFmpeg", "ffmpeg")
_SHORT_NAMES = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}


class Log(logging.Handler):
    """Keeps FFmpeg's last complaints; they name the cause where an error code does not."""

    def __init__(self) -> None:
        super().__init__()
        self.estimates = False
        self.lines: deque[str] = deque(maxlen=20)
        logger = logging.getLogger("libav")
        logger.addHandler(self)
        logger.propagate = False
        av.logging.set_level(av.logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        line = record.getMessage()
        if record.levelno >= logging.ERROR:
            self.lines.append(line)
        elif "Estimating duration" in line:
            self.estimates = True

    def cause(self) -> str:
        """Return the last complaint in brackets with a blank before, or nothing."""
        lines = [line for line in self.lines if not any(word in line for word in _NO_CAUSE)]
        return f" ({lines[-1][:160].rstrip('.')})" if lines else ""


class SoundTrack:
    """The sound of one file: its header is read when made, the rest by `decode`, once.

    Attributes:
        info: the fields of `AudioInfo` but name and size.
        notices: sentences about the header.
        claimed: seconds of sound that the header promises for certain, else None.
    """

    def __init__(self, reader: Reader, log: Log) -> None:
        self._log = log
        self._size, self._promised = reader.size, promised_size(reader)
        self.notices: list[str] = []
        self._container = self._open(reader)
        self._stream = self._choose_stream()
        self._packets = self._container.demux(self._stream)
        self._refuse_locked()
        self.info, self.claimed = self._describe()
        self.decoded_samples = 0
        # Where decoding began, by the file's own clock, after it was told to begin later.
        self._first_at = 0.0
        self._time_is_known = False

    def _open(self, reader: Reader) -> Any:
        options = {
            "protocol_whitelist": "none",
            "format_whitelist": DEMUXERS,
            # Probing would otherwise run picture decoders.
            "codec_whitelist": _audio_decoders(),
        }
        try:
            return av.open(
                reader,
                mode="r",
                options=options,
                metadata_errors="replace",
                buffer_size=_READ_BYTES,
            )
        except MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise self._not_media(error) from None

    def _not_media(self, error: Exception) -> Refused:
        if any("whitelist" in line for line in self._log.lines):
            return Refused(
                "this is a playlist, picture or text, not a sound or video file",
                "Choose the sound file itself",
            )
        if any("moov atom not found" in line for line in self._log.lines):
            return Refused(
                "the file was cut off or never finished: it has no index (moov atom not found)",
                "Copy it again, or let the program that recorded it mend it",
            )
        if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
            return Refused(
                f"this is no sound or video file, or its header is damaged{self._log.cause()}",
                "Choose another file, or copy it again from where it came",
            )
        if isinstance(error, av.error.PatchWelcomeError):
            return Refused(
                "the file is of a rare kind that cannot be decoded", "Convert it to WAV or FLAC"
            )
        return Refused(f"the file cannot be read as sound: {_reason(error)}{self._log.cause()}")

    def _choose_stream(self) -> Any:
        streams = self._container.streams
        tracks = list(streams.audio)
        if not tracks:
            pictures = [s for s in streams.video if not _is_cover(s)]
            if pictures:
                what = "the file has pictures but no sound"
            elif streams.video:
                what = "the file has a cover picture but no sound"
            else:
                what = "the file holds no sound"
            raise Refused(f"{what}{self._log.cause()}", "Choose a file with a sound track")
        number = next((n for n, s in enumerate(tracks) if _is_default(s)), 0)
        if len(tracks) > 1:
            self.notices.append(
                f"the file has {len(tracks)} sound tracks: number {number + 1} was taken"
            )
        for stream in streams:
            if stream is not tracks[number]:
                stream.discard = Discard.all
        return tracks[number]

    def _refuse_locked(self) -> None:
        context = self._stream.codec_context
        if context is None or getattr(context, "codec", None) is None:
            raise Refused("the sound is coded in a way that cannot be decoded", "Convert the file")
        context.thread_count = 1
        # The first packet is looked at, and kept for `decode` to begin with.
        first = next(self._packets_until_damage(), None)
        if first is not None:
            self._packets = itertools.chain([first], self._packets)
        if (
            context.codec_tag.lower() in _LOCKED_TAGS
            or self._container.format.name in {"aa", "aax"}
            or (first is not None and first.has_sidedata("encryption_info"))
        ):
            raise Refused(
                "the sound is encrypted (copy protection)", "Use a copy without protection"
            )

    def _describe(self) -> tuple[dict[str, Any], float | None]:
        stream, container = self._stream, self._container
        context = stream.codec_context
        estimated = self._log.estimates
        has_video = any(not _is_cover(s) for s in container.streams.video)
        own = None
        if stream.duration is not None and stream.time_base is not None:
            own = float(stream.duration * stream.time_base)
        whole = container.duration / av.time_base if container.duration is not None else None
        duration = own if own is not None and own > 0 else whole
        if duration is not None and duration <= 0:
            duration = None
        claimed = None
        if duration is not None and self._promised > self._size:
            claimed = duration * self._promised / self._size
        elif not estimated and (own is not None or not has_video):
            claimed = duration
        info = {
            "container": _SHORT_NAMES.get(container.format.name, container.format.name),
            "codec": context.codec.canonical_name,
            "duration": duration,
            "duration_is_estimate": duration is not None and estimated,
            "sample_rate_hz": int(context.sample_rate or 0),
            "channels": int(context.channels or 0),
            "has_video": has_video,
        }
        return info, claimed

    def decode_from(
        self, begin: float, damaged: Callable[[bool], None]
    ) -> Iterator[NDArray[np.float32]]:
        """As `decode`, from `begin` seconds on; what stands before it is not decoded where the
        file tells the time of its packets."""
        self._go_to(max(0.0, begin - _PRIMING_SECONDS))
        parts = self.decode(damaged)
        first = next(parts, None)
        if first is None:
            return
        left_out = max(0, round((begin - self._first_at) * SAMPLE_RATE_HZ))
        for part in itertools.chain([first], parts):
            if left_out < len(part):
                yield part[left_out:]
            left_out = max(0, left_out - len(part))

    def _go_to(self, seconds: float) -> None:
        """Go on with the packets from about `seconds` on; from the first where that is unsure."""
        for target in (seconds, 0.0) if self._clock_counts_samples() else (0.0,):
            try:
                self._container.seek(int(target * av.time_base), backward=True)
            except av.error.FFmpegError:
                continue
            self._packets = self._container.demux(self._stream)
            first = next(self._packets_until_damage(), None)
            if first is None:
                continue
            self._packets = itertools.chain([first], self._packets)
            self._time_is_known = first.pts is not None
            if target == 0.0 or (self._time_is_known and self._time_of(first) <= seconds + 0.5):
                self._time_is_known = self._time_is_known and target > 0.0
                return

    def _clock_counts_samples(self) -> bool:
        """Say whether the file's clock cannot have gaps: times are counted in samples here."""
        name = self._container.format.name
        if name in _GAPLESS:
            return True
        stream, context = self._stream, self._stream.codec_context
        if "mp4" not in name or not (stream.frames and context.frame_size and stream.duration):
            return False
        sound = stream.frames * context.frame_size / context.sample_rate
        return bool(abs(sound - float(stream.duration * stream.time_base)) < _GAP_SECONDS)

    def _time_of(self, part: Any) -> float:
        start = self._stream.start_time or 0
        return float(part.pts * part.time_base - start * self._stream.time_base)

    def decode(self, damaged: Callable[[bool], None]) -> Iterator[NDArray[np.float32]]:
        """Yield (n, channels) float32 at 16 kHz; the number of channels may change on the way.

        `damaged` is called for every part that had to be left out, with True where that is all
        the rest.
        """
        self._first_at = 0.0
        resampler: Any = None
        shape: object = None
        av.logging.set_level(av.logging.ERROR)
        for frame in self._frames(damaged):
            new = (frame.format.name, frame.layout.name, frame.sample_rate)
            if shape is None and self._time_is_known and frame.pts is not None:
                self._first_at = self._time_of(frame)
            if new != shape:
                if resampler is not None:
                    yield from _packed(resampler.resample(None))
                check_rate(frame.sample_rate)
                resampler = av.AudioResampler("flt", frame.layout, SAMPLE_RATE_HZ)
                shape = new
            # Time is counted in samples; jumps of the clock in the file must not disturb.
            frame.pts = None
            yield from _packed(resampler.resample(frame))
        if resampler is not None:
            yield from _packed(resampler.resample(None))

    def _frames(self, damaged: Callable[[bool], None]) -> Iterator[Any]:
        context = self._stream.codec_context
        for packet in self._packets_until_damage(damaged):
            try:
                frames = context.decode(packet)
            except MemoryError:
                raise
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                damaged(False)
                continue
            for frame in frames:
                self.decoded_samples += frame.samples
                if frame.samples:
                    yield frame

    def _packets_until_damage(self, damaged: Callable[[bool], None] | None = None) -> Iterator[Any]:
        while True:
            try:
                packet = next(self._packets, None)
            except MemoryError:
                raise
            except av.error.FFmpegError:
                if damaged is not None:
                    damaged(True)
                return
            if packet is None:
                return
            yield packet


def check_rate(sample_rate_hz: int) -> None:
    """Raise `Refused` for a sampling rate that no recording has."""
    if not SLOWEST_HZ <= sample_rate_hz <= FASTEST_HZ:
        raise Refused(
            f"the file claims {sample_rate_hz} samples a second, which no recording has "
            f"(from {SLOWEST_HZ} to {FASTEST_HZ})",
            "Its header is probably damaged: copy it again from where it came",
        )


def _packed(frames: list[Any]) -> Iterator[NDArray[np.float32]]:
    # Packed, because planar frames of eight and more channels crash in `to_ndarray`.
    for frame in frames:
        yield frame.to_ndarray().reshape(-1, frame.layout.nb_channels)


def _audio_decoders() -> str:
    names = set()
    for name in av.codecs_available:
        try:
            codec = av.Codec(name, "r")
        except ValueError:
            continue
        if codec.type == "audio":
            names.add(codec.name)
    return ",".join(sorted(names))


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def _is_default(stream: Any) -> bool:
    return bool(stream.disposition & type(stream.disposition).default)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
