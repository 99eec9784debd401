"""Tests of provider/stream_encryption/cloudformation."""
