// Reaches an organisation with the client that DingTalk's vendor wrote for Node. The argument says who the app is, and where
// the organisation.
import axios from "axios";
import { DWClient, EventAck } from "dingtalk-stream";
import { hear, serve } from "../../chattest/node/lines.mjs";

const { ClientID: clientId, ClientSecret: clientSecret, URL: there } = JSON.parse(process.argv[2]);

// The client knows one host, DingTalk's own, and has no option for another: what it asks of that is asked of the organisation.
axios.interceptors.request.use((request) => {
  request.url = request.url.replace(/^https:\/\/api\.dingtalk\.com(?=\/)/, there);
  return request;
});

let client;

const on = {
  "/v1.0/im/bot/messages/get": ({ headers, data }) => {
    const m = JSON.parse(data);
    hear(["message", m.text.content, m.senderStaffId, m.conversationType, m.conversationId, m.robotCode]);
    client.socketCallBackResponse(headers.messageId, null);
  },
  "/v1.0/card/instances/callback": ({ headers, data }) => {
    const p = JSON.parse(data);
    const { actionIds, params } = JSON.parse(p.content).cardPrivateData;
    hear(["press", p.outTrackId, p.userId, String(p.userIdType), p.corpId, p.spaceId, actionIds[0], params.reason ?? ""]);
    client.socketCallBackResponse(headers.messageId, {
      cardUpdateOptions: { updateCardDataByKey: true },
      cardData: { cardParamMap: { status: "approved" } },
      userPrivateData: null,
    });
  },
};

serve({
  // connect opens the stream for these topics. The client opens it anew by itself.
  async connect(topics) {
    client = new DWClient({ clientId, clientSecret });
    client.registerAllEventListener(() => ({ status: EventAck.SUCCESS }));
    topics.forEach((topic) => client.registerCallbackListener(topic, on[topic]));
    await client.connect();
  },
  // refused is the status and code with which another secret is answered.
  async refused(secret) {
    const other = new DWClient({ clientId, clientSecret: secret });
    other.registerCallbackListener("/v1.0/im/bot/messages/get", () => {});
    try {
      await other.getEndpoint();
      return "";
    } catch (e) {
      return `${e.response.status} ${e.response.data.code}`;
    }
  },
});
