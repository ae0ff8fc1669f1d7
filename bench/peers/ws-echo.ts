/**
 * The peer that calls are held against: a bare `ws` server that parses a JSON message and sends JSON back. No broker, no
 * identity, no cipher, no acknowledgement.
 */
import { WebSocketServer } from "ws";

const server = new WebSocketServer(
  { host: "127.0.0.1", port: 0, path: "/ws", perMessageDeflate: false },
  () => {
    const at = server.address();
    if (typeof at === "object" && at !== null) console.log(`listening ${at.port}`);
  },
);
server.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    const { id }: { id: number } = JSON.parse(data.toString());
    socket.send(
      JSON.stringify({
        id,
        state: 0,
        result: { userData: { UserName: "bench-000", UserID: "467931dd-8259-448d-a9fd-ebc564b3bf9f" } },
      }),
    );
  });
});
