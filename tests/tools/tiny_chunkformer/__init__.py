"""Makes the tiny ChunkFormer of the tests: speech of espeak-ng, training, checkpoint, figures."""
