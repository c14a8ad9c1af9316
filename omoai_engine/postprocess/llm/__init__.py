"""Language models behind one small contract: our own vLLM in a child process, or any server."""
