"""Run by Python itself at the start of the language model's process and of what that starts.

vLLM imports libraries for pictures and sound that a text model never uses. pip brings builds of
them that do not fit a CPU build of torch and fail while they are imported; without them vLLM
works. So here they are not installed. The folder of this file stands on `PYTHONPATH` there, and
nowhere else, because vLLM looks at a model's class in a process of its own.
"""

import sys

for _name in ("torchvision", "torchaudio", "torchcodec"):
    sys.modules[_name] = None  # type: ignore[assignment]  # what Python takes for "not there"
