"""Whole lives of resources, played many times over; without coverage, which would take five times as long."""
