/** What the server says when it refuses, and which refusals end the connection. Pure tables. */
import { unreachable } from '#shared/base/assert.ts';
import {
  closeCodes,
  type CloseCode,
  type ServerMessage,
  type SignalingErrorCode,
} from '#shared/signaling/messages.ts';

export interface Refusal {
  readonly code: SignalingErrorCode;
  /** One sentence for people; never a part of what was sent. */
  readonly detail: string;
}

/** The close that follows a refusal at once; null where the sender may go on. */
export function closesWith(code: SignalingErrorCode): CloseCode | null {
  switch (code) {
    case 'bad-version':
      return closeCodes.badVersion;
    case 'id-taken':
      return closeCodes.idTaken;
    case 'room-full':
      return closeCodes.roomFull;
    case 'server-full':
      return closeCodes.tryLater;
    case 'going-away':
      return closeCodes.restarting;
    case 'bad-message':
    case 'too-large':
    case 'too-fast':
    case 'not-joined':
    case 'already-joined':
      return null;
    default:
      return unreachable(code);
  }
}

const SENTENCES: Readonly<Record<SignalingErrorCode, string>> = {
  'bad-message': 'a signal goes to somebody else',
  'too-large': 'the message is too large',
  'too-fast': 'slow down: this message was dropped',
  'not-joined': 'join comes first',
  'already-joined': 'a connection joins once, and gives one namesake',
  'id-taken': 'another connection holds this id in this room',
  'room-full': 'the room is full',
  'server-full': 'the server is full',
  'bad-version': 'the server speaks another version',
  'going-away': 'the server stops; come back in a moment',
};

export const because = (code: SignalingErrorCode): Refusal => ({ code, detail: SENTENCES[code] });

export const errorMessage = ({ code, detail }: Refusal): ServerMessage => ({
  kind: 'error',
  code,
  message: detail,
});
