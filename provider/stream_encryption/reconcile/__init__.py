"""The reconciler: observe the stream, decide on one action, carry it out, until the goal is reached."""
