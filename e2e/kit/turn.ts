/** A TURN server that asks for credentials and takes none (RFC 8489, 9.2; RFC 8656, 7.2). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface RefusingTurn {
  readonly url: string;
  readonly stop: () => void;
}

const ALLOCATE = 0x0003;
const ALLOCATE_ERROR = 0x0113;
const [ERROR_CODE, REALM, NONCE] = [0x0009, 0x0014, 0x0015] as const;

export async function startRefusingTurn(): Promise<RefusingTurn> {
  const socket = createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    if (request.length < 20 || request.readUInt16BE(0) !== ALLOCATE) return;
    const body = Buffer.concat([
      attribute(ERROR_CODE, Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.from('Unauthorized')])),
      attribute(REALM, Buffer.from('mesh.test')),
      attribute(NONCE, Buffer.from('always the same nonce')),
    ]);
    const header = Buffer.from(request.subarray(0, 20));
    header.writeUInt16BE(ALLOCATE_ERROR, 0);
    header.writeUInt16BE(body.length, 2);
    socket.send(Buffer.concat([header, body]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { url: `turn:127.0.0.1:${socket.address().port}`, stop: () => socket.close() };
}

/** Type, length and value, filled up to four bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}
