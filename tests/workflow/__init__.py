"""Tests of provider/stream_encryption/workflow."""
