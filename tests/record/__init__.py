"""Tests of the record: its values, how they change, and the table that keeps them."""
