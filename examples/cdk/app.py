"""Encrypts a stream that another stack owns, from the CDK in Python.

pip install "aws-cdk-lib>=2.100,<3"
cdk deploy --app "python app.py" --context stream=orders
"""

import aws_cdk as cdk
from constructs import Construct


class StreamEncryption(cdk.CustomResource):
    """A Kinesis data stream's encryption. Its `ref` is the stream's ARN, known only after the stream is encrypted."""

    def __init__(self, scope: Construct, name: str, **properties: str) -> None:
        """Take the properties of Custom::KinesisStreamEncryption: StreamName, KeyId, OnDelete and so on."""
        super().__init__(
            scope,
            name,
            resource_type="Custom::KinesisStreamEncryption",
            service_token=cdk.Fn.import_value("kinesis-stream-encryption-ServiceToken"),
            properties=properties,
        )


app = cdk.App()
stack = cdk.Stack(app, "orders-encryption", synthesizer=cdk.BootstraplessSynthesizer())
encryption = StreamEncryption(
    stack,
    "Encryption",
    StreamName=app.node.try_get_context("stream") or "orders",
    KeyId="alias/aws/kinesis",
    OnDelete="Keep",  # the stream stays encrypted when this stack is deleted; Restore is the default
)
cdk.CfnOutput(stack, "StreamARN", value=encryption.ref)
cdk.CfnOutput(stack, "KeyArn", value=encryption.get_att_string("KeyArn"))
app.synth()
