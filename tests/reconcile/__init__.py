"""Tests of the reconciler: the decisions, the state, the look and the loop."""
