"""The record of one stream: which resources claim it, what they found, and which call is about to be made."""
