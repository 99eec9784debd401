"""The only files that call Kinesis and KMS, and the meaning of the errors that AWS returns."""
