"""ChunkFormer: our own inference engine."""
