// Runs the AWS CDK's own provider framework as Lambda would: POST /onEvent, /isComplete or /onTimeout with the event.
// One thing is changed: its PUT goes to this machine by HTTP, where it knows but HTTPS at port 443.
const http = require("node:http");
const https = require("node:https");

const [port, answers] = process.argv.slice(2).map(Number);
https.request = (options, heard) => http.request({ ...options, port: answers }, heard);
const framework = require("../node_modules/aws-cdk-lib/custom-resources/lib/provider-framework/runtime/framework.js");

const read = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return JSON.parse(Buffer.concat(parts));
};

http
  .createServer(async (request, response) => {
    try {
      const result = await framework[request.url.slice(1)](await read(request));
      response.end(JSON.stringify(result ?? null));
    } catch (error) {
      response.setHeader("X-Amz-Function-Error", "Unhandled");
      response.end(JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: [] }));
    }
  })
  .listen(port, "127.0.0.1");
