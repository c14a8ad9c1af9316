"""The parts of the screen, one a file. Each draws a snapshot and knows nothing of the engine."""
