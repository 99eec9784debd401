"""A deterministic simulation: CloudFormation, Lambda, Step Functions, Kinesis, KMS and other people, under one seed."""
