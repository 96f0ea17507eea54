// The page's entry: one connection, and the two halves of the page that share it.
import { Chat } from "./chat.js";
import { ChatView } from "./chat-view.js";
import { Connection } from "./connection.js";
import { ConnectionView } from "./connection-view.js";
import { Measuring } from "./measuring.js";

const connectionView: ConnectionView = new ConnectionView(() => connection.retryNow());
const connection: Connection = new Connection({
  message(message, text, arrivedAtMs) {
    // Measured first, so that drawing a chat message does not count as latency.
    measuring.receive(message, text, arrivedAtMs);
    chat.receive(message);
  },
  state(state) {
    connectionView.show(state);
    if (state.name === "open") {
      chat.connected();
    } else {
      chat.disconnected();
      measuring.disconnected();
    }
  },
});
const chat: Chat = new Chat(new ChatView(), (message) => connection.send(message));
const measuring: Measuring = new Measuring((message) => connection.send(message));
