"""Sound in: anything FFmpeg reads becomes 16 kHz mono float32 blocks."""
