"""May a message leave, when, and how: checks before sending, composing, channels, sentences about it."""
