// Encrypts a stream that another stack owns, from the CDK in TypeScript.
//
// npm install aws-cdk-lib constructs
// cdk deploy --app "npx tsx app.ts" --context stream=orders
import * as cdk from "aws-cdk-lib";
import type { Construct } from "constructs";

/** The properties of Custom::KinesisStreamEncryption: StreamName, KeyId, OnDelete and so on. */
type Properties = Record<string, string>;

/** A Kinesis data stream's encryption. Its `ref` is the stream's ARN, known only after the stream is encrypted. */
class StreamEncryption extends cdk.CustomResource {
  constructor(scope: Construct, id: string, properties: Properties) {
    super(scope, id, {
      resourceType: "Custom::KinesisStreamEncryption",
      serviceToken: cdk.Fn.importValue("kinesis-stream-encryption-ServiceToken"),
      properties,
    });
  }
}

const app = new cdk.App();
const stack = new cdk.Stack(app, "orders-encryption", { synthesizer: new cdk.BootstraplessSynthesizer() });
const encryption = new StreamEncryption(stack, "Encryption", {
  StreamName: app.node.tryGetContext("stream") ?? "orders",
  KeyId: "alias/aws/kinesis",
  OnDelete: "Keep", // the stream stays encrypted when this stack is deleted; Restore is the default
});
new cdk.CfnOutput(stack, "StreamARN", { value: encryption.ref });
new cdk.CfnOutput(stack, "KeyArn", { value: encryption.getAttString("KeyArn") });
app.synth();
