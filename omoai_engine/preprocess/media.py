"""Which file names look like sound or video. Names only: nothing is opened here."""

from __future__ import annotations

from pathlib import PurePath

_AUDIO = """
.3ga .aac .ac3 .aif .aifc .aiff .amr .ape .au .awb .caf .dff .dsf .dss .dts .eac3 .flac .m4a .m4b
.m4r .mka .mp1 .mp2 .mp3 .mpa .mpc .mpga .oga .ogg .oma .opus .qcp .ra .shn .snd .sph .spx .tak
.tta .voc .w64 .wav .wave .weba .wma .wv
"""
_VIDEO = """
.3g2 .3gp .asf .avi .f4v .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .mxf .ogv .rm .rmvb .ts .vob
.webm .wmv .wtv
"""
AUDIO_SUFFIXES = frozenset(_AUDIO.split())
VIDEO_SUFFIXES = frozenset(_VIDEO.split())
MEDIA_SUFFIXES = AUDIO_SUFFIXES | VIDEO_SUFFIXES


def is_media_name(name: str | PurePath) -> bool:
    """Say whether a file of this name is probably sound or video, by its suffix alone."""
    return PurePath(name).suffix.lower() in MEDIA_SUFFIXES
