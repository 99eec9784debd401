"""Whole lives of resources, played many times over, without coverage."""
