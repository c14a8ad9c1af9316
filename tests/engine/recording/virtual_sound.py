"""A private PulseAudio with a loudspeaker whose sound is the microphone's: exact to the sample.

No sound card, no service of the system. A player of silence keeps it awake: without one it
wakes every two seconds only.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

_SCRIPT = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={folder}/native
load-module module-null-sink sink_name=speaker rate=16000 channels=1 format=s16le
load-module module-remap-source source_name=microphone master=speaker.monitor remix=no
set-default-sink speaker
set-default-source microphone
"""
MISSING = next(
    (name for name in ("pulseaudio", "pactl", "pacat") if shutil.which(name) is None), None
)


class VirtualSound:
    """One server; `environ` leads programs to it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="omoai-sound-"))
        for name in ("run", "state", "conf"):
            (self.folder / name).mkdir(mode=0o700)
        self.environ = {
            "PULSE_RUNTIME_PATH": str(self.folder / "run"),
            "PULSE_STATE_PATH": str(self.folder / "state"),
            "PULSE_CONFIG_PATH": str(self.folder / "conf"),
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "PULSE_SERVER": f"unix:{self.folder}/native",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        script = self.folder / "server.pa"
        script.write_text(_SCRIPT.format(folder=self.folder))
        options = (
            "-n --daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no "
            "--disable-shm=yes --realtime=no --high-priority=no"
        )
        self._children = [self._start("pulseaudio", *options.split(), "-F", str(script))]
        until = time.monotonic() + 120
        while self.pactl("info", check=False) is None:
            assert time.monotonic() < until, "pulseaudio did not start"
            time.sleep(0.05)
        keep_awake = "--playback --latency-msec=20 --rate=16000 --channels=1 --format=s16le"
        self._children.append(self._start("pacat", *keep_awake.split(), "/dev/zero"))
        self._samples = 0

    @property
    def pids(self):
        return [child.pid for child in self._children]

    def _start(self, *command):
        return subprocess.Popen(
            command,
            env={**os.environ, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def pactl(self, *words, check=True):
        done = subprocess.run(
            ["pactl", *words], env={**os.environ, **self.environ}, capture_output=True, text=True
        )
        if done.returncode:
            assert not check, done.stderr
            return None
        return done.stdout

    def play(self, samples):
        """Begin to play (n,) float32 or int16 samples at 16 kHz; no player that could underrun."""
        if samples.dtype != np.int16:
            samples = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        self._samples += 1
        name = f"sound{self._samples}"
        path = self.folder / f"{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(samples.tobytes())
        self.pactl("upload-sample", str(path), name)
        self.pactl("play-sample", name, "speaker")

    def unplug(self):
        """Take the microphone away."""
        for line in (self.pactl("list", "short", "modules") or "").splitlines():
            number, module, *_ = line.split("\t")
            if module in ("module-remap-source", "module-null-sink"):
                self.pactl("unload-module", number, check=False)

    def close(self):
        for child in self._children:
            child.kill()
            child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def use(sound):
    """Lead this process, and those it starts, to `sound`."""
    before = {name: os.environ.get(name) for name in sound.environ}
    os.environ.update(sound.environ)
    try:
        yield sound
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
