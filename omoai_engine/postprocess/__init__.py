"""From segments to a punctuated transcript and a summary."""
