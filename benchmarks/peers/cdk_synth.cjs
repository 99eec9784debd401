// Prints the waiter's state machine as the AWS CDK's Provider makes it by default, for the two functions named.
const { App, Stack } = require("aws-cdk-lib");
const { Function: Lambda } = require("aws-cdk-lib/aws-lambda");
const { Provider } = require("aws-cdk-lib/custom-resources");

const [outdir, isComplete, onTimeout] = process.argv.slice(2);
const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, "benchmark");
const handler = (id) => Lambda.fromFunctionAttributes(stack, id, { functionArn: isComplete, skipPermissions: true });
new Provider(stack, "provider", { onEventHandler: handler("on-event"), isCompleteHandler: handler("is-complete") });

const { Resources } = app.synth().getStackByName("benchmark").template;
const machine = Object.values(Resources).find(({ Type }) => Type === "AWS::StepFunctions::StateMachine");
const arn = ({ "Fn::GetAtt": [id] }) => (id.includes("onTimeout") ? onTimeout : isComplete);
const parts = machine.Properties.DefinitionString["Fn::Join"][1];
console.log(parts.map((part) => (typeof part === "string" ? part : arn(part))).join(""));
