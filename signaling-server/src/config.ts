/** What the signaling server can be told, with the reasons for its defaults. */
import { assert } from '#shared/base/assert.ts';
import {
  BYTES_BURST,
  BYTES_PER_SECOND,
  CONNECTIONS_MAX,
  CONTACTS_MAX,
  ERRORS_TOLERATED,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
  ROOM_MEMBERS_MAX,
  ROOMS_MAX,
  SIGNALING_MESSAGE_BYTES_MAX,
} from '#shared/signaling/messages.ts';

export interface RoomsConfig {
  /**
   * Members named to a newcomer. More let it choose, and spread load less evenly by chance; fewer leave it
   * alone when the one it got has just died. 1 to `CONTACTS_MAX`.
   */
  readonly contactsMax: number;
  /** Members attached in one room. More serve larger rooms and cost memory. At least 2. */
  readonly roomMembersMax: number;
  /** Rooms at a time. More serve more and cost memory. At least 1. */
  readonly roomsMax: number;
  /**
   * How long after its start the server calls an empty room only provisionally empty. Longer delays
   * 'alone' after a restart; shorter lets early birds believe it too soon. At least 0.
   */
  readonly startingMs: number;
}

export interface LimitsConfig {
  /** Messages and pings taken at once. More carries larger join storms through one contact; less stops floods sooner. At least 1. */
  readonly messagesBurst: number;
  /** The steady rate of the same. Above 0. */
  readonly messagesPerSecond: number;
  /** Bytes of messages taken at once. Must hold the largest message. */
  readonly bytesBurst: number;
  /** The steady rate of the same. Above 0. */
  readonly bytesPerSecond: number;
  /** Errors tolerated before a close. More is kinder to faulty clients; fewer ends abuse sooner. At least 0. */
  readonly errorsTolerated: number;
  /** After how long one error is forgiven, so that a tab attached for a day survives rare hiccups. Above 0. */
  readonly errorForgivenMs: number;
}

export interface ServerConfig extends RoomsConfig, LimitsConfig {
  /** Open connections. More serves more and costs about 10 kB each, and file handles (`ulimit -n`). At least 1. */
  readonly connectionsMax: number;
  /** Time between pings. Shorter notices lost tabs sooner and costs traffic. At least 1. */
  readonly pingIntervalMs: number;
  /** Pings without any sign of life before a connection is dropped. Fewer drops tabs behind bad radio. At least 1. */
  readonly pingMissesMax: number;
  /**
   * How long a connection has to answer when another joins under its id, before it is dropped for that. Longer keeps out a
   * tab whose network has changed; shorter cuts those behind bad radio off. Also asked no more often than that. At least 1.
   */
  readonly holderAnswerMs: number;
  /**
   * Time between two lists of who is attached, in a room where that changes. Shorter costs the square of a storm's size;
   * longer lets halves of a room find each other later. At least 1.
   */
  readonly listIntervalMs: number;
  /** How long a connection may stay without joining; looked at with each ping. At least 1. */
  readonly joinTimeoutMs: number;
  /** Bytes waiting for one slow reader. More forgives longer pauses and costs memory. Holds at least one message. */
  readonly bufferedBytesMax: number;
  /** Connections beyond `connectionsMax` for page and health, and for telling the rest that the server is full. At least 1. */
  readonly spareConnections: number;
  /** Time for the headers of a request. Longer forgives slow networks; shorter frees what says nothing. At least 1. */
  readonly headersTimeoutMs: number;
  /**
   * Time for the whole of a request, and without a byte moving on a connection that is no WebSocket. Longer
   * forgives slow networks; shorter frees what reads nothing. At least `headersTimeoutMs`.
   */
  readonly requestTimeoutMs: number;
  /** How often requests are held to their times, which they exceed by so much at most. At least 1. */
  readonly requestCheckMs: number;
  /** How long a closing handshake may take before the socket is cut; also bounds the server's own stop. 1 to 1,500. */
  readonly closeTimeoutMs: number;
}

/**
 * Sources. Limits that `messages.ts` names are part of the protocol. `startingMs`: the design. Guesses:
 * `pingIntervalMs` and `pingMissesMax` (others ping each 25 to 30 s; a lost tab should not be named as a
 * contact that long), `bufferedBytesMax` (32 of the largest signals), and all others.
 */
export const defaultServerConfig: ServerConfig = {
  contactsMax: CONTACTS_MAX,
  roomMembersMax: ROOM_MEMBERS_MAX,
  roomsMax: ROOMS_MAX,
  startingMs: 30_000,
  messagesBurst: MESSAGES_BURST,
  messagesPerSecond: MESSAGES_PER_SECOND,
  bytesBurst: BYTES_BURST,
  bytesPerSecond: BYTES_PER_SECOND,
  errorsTolerated: ERRORS_TOLERATED,
  errorForgivenMs: 60_000,
  connectionsMax: CONNECTIONS_MAX,
  pingIntervalMs: 10_000,
  pingMissesMax: 2,
  holderAnswerMs: 2_000,
  listIntervalMs: 1_000,
  joinTimeoutMs: 10_000,
  bufferedBytesMax: 1_048_576,
  spareConnections: 1_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  requestCheckMs: 2_000,
  closeTimeoutMs: 1_000,
};

/** Asserts the bounds that the fields name. */
export function checkServerConfig(config: ServerConfig): void {
  const { contactsMax, bytesBurst, bufferedBytesMax, closeTimeoutMs } = config;
  assert(contactsMax >= 1 && contactsMax <= CONTACTS_MAX, `contactsMax ${contactsMax}`);
  assert(config.roomMembersMax >= 2, `roomMembersMax ${config.roomMembersMax}`);
  assert(config.roomsMax >= 1, `roomsMax ${config.roomsMax}`);
  assert(config.startingMs >= 0, `startingMs ${config.startingMs}`);
  assert(config.messagesBurst >= 1, `messagesBurst ${config.messagesBurst}`);
  assert(config.messagesPerSecond > 0, `messagesPerSecond ${config.messagesPerSecond}`);
  assert(bytesBurst >= SIGNALING_MESSAGE_BYTES_MAX, `bytesBurst ${bytesBurst} holds no message`);
  assert(config.bytesPerSecond > 0, `bytesPerSecond ${config.bytesPerSecond}`);
  assert(config.errorsTolerated >= 0, `errorsTolerated ${config.errorsTolerated}`);
  assert(config.errorForgivenMs > 0, `errorForgivenMs ${config.errorForgivenMs}`);
  assert(config.connectionsMax >= 1, `connectionsMax ${config.connectionsMax}`);
  assert(config.pingIntervalMs >= 1, `pingIntervalMs ${config.pingIntervalMs}`);
  assert(config.pingMissesMax >= 1, `pingMissesMax ${config.pingMissesMax}`);
  assert(config.holderAnswerMs >= 1, `holderAnswerMs ${config.holderAnswerMs}`);
  assert(config.listIntervalMs >= 1, `listIntervalMs ${config.listIntervalMs}`);
  assert(config.joinTimeoutMs >= 1, `joinTimeoutMs ${config.joinTimeoutMs}`);
  assert(bufferedBytesMax >= SIGNALING_MESSAGE_BYTES_MAX, `bufferedBytesMax ${bufferedBytesMax}`);
  assert(config.spareConnections >= 1, `spareConnections ${config.spareConnections}`);
  assert(config.headersTimeoutMs >= 1, `headersTimeoutMs ${config.headersTimeoutMs}`);
  assert(
    config.requestTimeoutMs >= config.headersTimeoutMs,
    `requestTimeoutMs ${config.requestTimeoutMs} leaves no time for the headers`,
  );
  assert(config.requestCheckMs >= 1, `requestCheckMs ${config.requestCheckMs}`);
  assert(closeTimeoutMs >= 1 && closeTimeoutMs <= 1_500, `closeTimeoutMs ${closeTimeoutMs}`);
}
