// Reaches a tenant with the client that Lark's vendor wrote for Node. The argument says who the app is, and where the tenant.
import { createServer } from "node:http";
import * as lark from "@larksuiteoapi/node-sdk";
import { hear, serve } from "../../chattest/node/lines.mjs";

const { ID: appId, Secret: appSecret, EncryptKey: encryptKey, URL: domain } = JSON.parse(process.argv[2]);

const complaints = []; // of the client's log
const complain = (...words) => complaints.push(words.flat(9).map((w) => w?.message ?? String(w)).join(" "));
const logger = { error: complain, warn: complain, info() {}, debug() {}, trace() {} };

const client = new lark.Client({ appId, appSecret, domain, logger });

const pressed = (e) => {
  hear(["press", e.context.open_message_id, e.operator.open_id, JSON.stringify(e.action.value)]);
  return { toast: { type: "success", content: "seen" } };
};

const ears = new lark.EventDispatcher({ encryptKey, logger }).register({
  "card.action.trigger": pressed,
  "im.message.receive_v1": (e) => hear(["message", e.message.content, e.sender.sender_id.open_id, e.message.mentions?.[0].id.open_id ?? ""]),
});

const events = lark.adaptDefault("/events", ears, { autoChallenge: true });
const cards = lark.adaptDefault("/cards", new lark.CardActionHandler({ encryptKey, logger }, pressed), { autoChallenge: true });

serve({
  // api calls a method of the client's by its path, "im.message.create".
  async api({ path, payload }) {
    const method = path.split(".").reduce((o, name) => o[name], client);
    try {
      return { status: 200, body: await method(payload) };
    } catch (e) {
      if (!e.response) throw e;
      return { status: e.response.status, body: e.response.data, reset: e.response.headers["x-ogw-ratelimit-reset"] };
    }
  },
  // listen opens the long connection.
  listen: () => new Promise((onReady, onError) => new lark.WSClient({ appId, appSecret, domain, logger, onReady, onError }).start({ eventDispatcher: ears })),
  // receive starts a server that takes what is posted, and says where it is.
  receive: () => new Promise((ready) => {
    const server = createServer().on("request", events).on("request", cards);
    server.listen(0, "127.0.0.1", () => ready(`http://127.0.0.1:${server.address().port}`));
  }),
  complaints: () => complaints,
});
