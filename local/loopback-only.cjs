// Loaded into kinesis-local before it starts: it listens on every interface, and cannot be told otherwise.
const net = require("node:net");

const { listen } = net.Server.prototype;

net.Server.prototype.listen = function (port, ...others) {
  const callback = others.find((one) => typeof one === "function");
  return listen.call(this, { port, host: "127.0.0.1" }, callback);
};
