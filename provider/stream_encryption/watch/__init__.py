"""The watch finds what others did to an encrypted stream or its key, tells it once, and has it mended where asked."""
