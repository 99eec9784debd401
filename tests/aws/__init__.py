"""Tests of the files that call AWS."""
