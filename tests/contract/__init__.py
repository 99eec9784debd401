"""Tests of the contract by the whole provider: events go in, responses and the fakes show what came of them."""
