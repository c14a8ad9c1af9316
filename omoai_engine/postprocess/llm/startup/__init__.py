"""Read by Python at the start of the language model's process; see `sitecustomize.py`."""
