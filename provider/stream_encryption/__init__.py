"""The provider of Custom::KinesisStreamEncryption, from CloudFormation's event (app.py) to the Kinesis call (aws/)."""
