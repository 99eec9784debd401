"""Long waits: AWS Step Functions carries a request on after the first invocation."""
