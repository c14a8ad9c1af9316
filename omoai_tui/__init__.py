"""OmoAI's terminal workbench: a Textual app around the engine.

The app imports `omoai_engine`, never the other way round. Importing this package loads
nothing heavy: the engine's stages are imported by the worker thread, after the first paint.
"""
