// A Socket.IO relay that stores nothing: two people a room, an ack for the sender, the message for the other.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer((_, response) => response.end("ready"));
const io = new Server(http, { serveClient: false });

io.on("connection", (socket) => {
  const room = socket.handshake.query.room;
  socket.join(room);
  socket.on("message", (message, ack) => {
    socket.to(room).emit("message", message);
    ack({ client_id: message.client_id });
  });
});

http.listen(Number(process.argv[2]), "127.0.0.1");
