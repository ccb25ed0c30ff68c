/**
 * The messages between a tab and the signaling server: JSON, one object per WebSocket text frame.
 *
 * The server introduces and carries; it never looks into what it carries. A tab says `join` once, is told
 * of a few contacts, and exchanges `signal`s with them until its first channels are open:
 *
 *     tab    -> server   join { version, room, id }
 *     server -> tab      welcome { contacts, starting }
 *     tab    -> server   signal { to: contact, data }
 *     server -> contact  signal { from: tab, data }       (or unreachable { to }, back to the tab)
 *     server -> tab      attached { ids }                 (whenever it has changed who is attached)
 *
 * Parsing is strict on both sides: an unknown kind, a field too many or too few, or a bad value is
 * refused whole. What a refusal says never repeats what was sent.
 */
import { isPeerId, isRoomId, type PeerId, type RoomId } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';

/** The version this file describes. A server refuses any other with `bad-version`. */
export const SIGNALING_VERSION = 1;

/** One message. Above it the socket is closed with `closeCodes.tooLarge`; the most data and its wrapping fit. */
export const SIGNALING_MESSAGE_BYTES_MAX: number = 49_152;
/** Characters of base64 in one signal: 24 KiB of bytes, several session descriptions with their candidates, and 48 of a seal. */
export const SIGNAL_DATA_LENGTH_MAX: number = 32_832;
/** Contacts named at once. */
export const CONTACTS_MAX: number = 3;
/** Members on the list of those attached: four times the greeters of a settled room. Of more, those attached longest. */
export const LISTED_MAX: number = 16;
/** The sentence in an `error`. */
export const ERROR_MESSAGE_LENGTH_MAX: number = 200;

/** Members of one room that are attached at the same time. */
export const ROOM_MEMBERS_MAX: number = 2_048;
export const ROOMS_MAX: number = 10_000;
export const CONNECTIONS_MAX: number = 10_000;

/** What one connection may send: a burst, as of a contact that answers for a storm of newcomers, then a steady rate. What exceeds it is dropped with `too-fast`. */
export const MESSAGES_BURST: number = 240;
export const MESSAGES_PER_SECOND: number = 60;
export const BYTES_BURST: number = 512_000;
export const BYTES_PER_SECOND: number = 256_000;

/** Errors that one connection may cause; the next one closes it. One is forgiven each minute. */
export const ERRORS_TOLERATED: number = 5;

/** What members of rooms with one name, each with a key of its own, have in common: 32 lowercase hex digits. */
export type Namesake = string & { readonly brand: 'Namesake' };

const NAMESAKE: RegExp = /^[0-9a-f]{32}$/;

export function isNamesake(text: unknown): text is Namesake {
  return typeof text === 'string' && NAMESAKE.test(text);
}

export type ClientMessage = Join | SignalTo | AskContacts | GiveNamesake;

/** The first message, once per connection: attaches `id` to `room`. */
export interface Join {
  readonly kind: 'join';
  readonly version: typeof SIGNALING_VERSION;
  readonly room: RoomId;
  readonly id: PeerId;
}

/** Hand `data` to a member attached in the same room. */
export interface SignalTo {
  readonly kind: 'signal';
  readonly to: PeerId;
  /** Base64, opaque to the server. */
  readonly data: string;
}

/** Name me another random few. */
export interface AskContacts {
  readonly kind: 'contacts';
}

/**
 * Once per connection, from a room with a key: the room that was joined is not named by people, and this is what the
 * name that people gave it was stretched to. Whoever came with a wrong key is elsewhere, and can be told by it.
 */
export interface GiveNamesake {
  readonly kind: 'namesake';
  readonly name: Namesake;
}

export type ServerMessage =
  Welcome | Contacts | Attached | SignalFrom | Unreachable | Namesakes | SignalingError;

/** The answer to `join`. */
export interface Welcome {
  readonly kind: 'welcome';
  /** A random few of the others attached in this room; never the receiver. */
  readonly contacts: readonly PeerId[];
  /** The server has just started: members of this room may not have come back yet, so nobody is surely alone. */
  readonly starting: boolean;
}

/** The answer to the question of the same name. */
export interface Contacts {
  readonly kind: 'contacts';
  readonly contacts: readonly PeerId[];
}

/** Who is attached in this room, the receiver included: told a moment after it changes, many changes at once. */
export interface Attached {
  readonly kind: 'attached';
  /** At most `LISTED_MAX`, those attached longest first. */
  readonly ids: readonly PeerId[];
}

export interface SignalFrom {
  readonly kind: 'signal';
  /** Bound by the server to the socket that sent it; a sender cannot choose it. */
  readonly from: PeerId;
  readonly data: string;
}

/** A signal was dropped: its target is not attached in this room. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly to: PeerId;
}

/** You are alone in your room, while others who gave the same namesake are attached in other rooms. Once per connection. */
export interface Namesakes {
  readonly kind: 'namesakes';
}

/** The message that caused it was dropped and changed nothing; the sentence is for people. */
export interface SignalingError {
  readonly kind: 'error';
  readonly code: SignalingErrorCode;
  readonly message: string;
}

/**
 * Codes marked (closes) are followed by a close; the others are counted, and too many of them close.
 *
 * - `bad-message`: not JSON, not text, or not one of the messages above.
 * - `too-large`: the data of a signal exceeds its limit.
 * - `too-fast`: the connection's budget of messages or bytes is spent.
 * - `not-joined`: a `join` must come first; (closes) when none came in time.
 * - `already-joined`: a connection joins once, and gives one namesake.
 * - `id-taken` (closes): another live connection holds this id in this room.
 * - `room-full`, `server-full` (close): try later.
 * - `bad-version` (closes): the server speaks another version.
 * - `going-away` (closes): the server stops; come back in a moment.
 */
export type SignalingErrorCode =
  | 'bad-message'
  | 'too-large'
  | 'too-fast'
  | 'not-joined'
  | 'already-joined'
  | 'id-taken'
  | 'room-full'
  | 'server-full'
  | 'bad-version'
  | 'going-away';

/** Why the server closed. The 4000 range is ours; the others mean what RFC 6455 and its registry say. */
export interface CloseCodes {
  /** Too many fragments or chunks for one message. */
  readonly tooManyFragments: 1008;
  /** A message above `SIGNALING_MESSAGE_BYTES_MAX`. */
  readonly tooLarge: 1009;
  /** The server stops or restarts: come back after a random moment. */
  readonly restarting: 1012;
  /** The server is full, or this connection reads too slowly: come back later. */
  readonly tryLater: 1013;
  /** More errors than are tolerated. */
  readonly tooManyErrors: 4000;
  readonly badVersion: 4001;
  readonly idTaken: 4002;
  readonly roomFull: 4003;
  /** No `join` came in time. */
  readonly notJoined: 4004;
}

export const closeCodes: CloseCodes = {
  tooManyFragments: 1008,
  tooLarge: 1009,
  restarting: 1012,
  tryLater: 1013,
  tooManyErrors: 4000,
  badVersion: 4001,
  idTaken: 4002,
  roomFull: 4003,
  notJoined: 4004,
};

export type CloseCode = CloseCodes[keyof CloseCodes];

/** Why a text is no message. Nothing of it was used. */
export interface SignalingProblem {
  readonly code: 'bad-message' | 'too-large' | 'bad-version';
  /** One sentence for people. */
  readonly detail: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what a tab sent. Never throws. */
export function parseClientMessage(text: string): Result<ClientMessage, SignalingProblem> {
  const read = readObject(text);
  if (!read.ok) return read;
  const fields = read.value;
  switch (ownField(fields, 'kind')) {
    case 'join':
      return parseJoin(fields);
    case 'signal':
      return parseSignalTo(fields);
    case 'contacts':
      return hasExactly(fields, []) ? ok({ kind: 'contacts' }) : badMessage('contacts takes no fields');
    case 'namesake':
      return parseNamesake(fields);
    default:
      return badMessage('unknown kind of message');
  }
}

/** Reads what the server sent. Never throws. */
export function parseServerMessage(text: string): Result<ServerMessage, SignalingProblem> {
  const read = readObject(text);
  if (!read.ok) return read;
  const fields = read.value;
  switch (ownField(fields, 'kind')) {
    case 'welcome':
      return parseWelcome(fields);
    case 'contacts':
      return parseContacts(fields);
    case 'attached':
      return parseAttached(fields);
    case 'signal':
      return parseSignalFrom(fields);
    case 'unreachable':
      return parseUnreachable(fields);
    case 'namesakes':
      return hasExactly(fields, []) ? ok({ kind: 'namesakes' }) : badMessage('namesakes takes no fields');
    case 'error':
      return parseError(fields);
    default:
      return badMessage('unknown kind of message');
  }
}

/** The text frame of a message. */
export function signalingMessageToText(message: ClientMessage | ServerMessage): string {
  return JSON.stringify(message);
}

/** The version is judged first: a newer tab's `join` may have other fields, and deserves the true reason. */
function parseJoin(fields: Fields): Result<ClientMessage, SignalingProblem> {
  const version = ownField(fields, 'version');
  if (Number.isSafeInteger(version) && version !== SIGNALING_VERSION) {
    return err({ code: 'bad-version', detail: `this server speaks version ${SIGNALING_VERSION}` });
  }
  if (!hasExactly(fields, ['version', 'room', 'id'])) return badMessage('join takes version, room and id');
  const { room, id } = fields;
  if (version !== SIGNALING_VERSION) return badMessage('version must be a whole number');
  if (!isRoomId(room)) return badMessage('room must be a text of 1 to 128 characters');
  if (!isPeerId(id)) return badMessage('id must be 32 lowercase hex digits');
  return ok({ kind: 'join', version, room, id });
}

function parseSignalTo(fields: Fields): Result<ClientMessage, SignalingProblem> {
  if (!hasExactly(fields, ['to', 'data'])) return badMessage('signal takes to and data');
  const { to, data } = fields;
  if (!isPeerId(to)) return badMessage('to must be 32 lowercase hex digits');
  const checked = checkData(data);
  return checked.ok ? ok({ kind: 'signal', to, data: checked.value }) : checked;
}

function parseNamesake(fields: Fields): Result<ClientMessage, SignalingProblem> {
  if (!hasExactly(fields, ['name'])) return badMessage('namesake takes name');
  const { name } = fields;
  return isNamesake(name)
    ? ok({ kind: 'namesake', name })
    : badMessage('name must be 32 lowercase hex digits');
}

function parseWelcome(fields: Fields): Result<ServerMessage, SignalingProblem> {
  if (!hasExactly(fields, ['contacts', 'starting'])) return badMessage('welcome takes contacts and starting');
  const { contacts, starting } = fields;
  if (!isContacts(contacts)) return badMessage('contacts must be a few different ids');
  if (typeof starting !== 'boolean') return badMessage('starting must be true or false');
  return ok({ kind: 'welcome', contacts, starting });
}

function parseContacts(fields: Fields): Result<ServerMessage, SignalingProblem> {
  if (!hasExactly(fields, ['contacts'])) return badMessage('contacts takes contacts');
  const { contacts } = fields;
  if (!isContacts(contacts)) return badMessage('contacts must be a few different ids');
  return ok({ kind: 'contacts', contacts });
}

function parseAttached(fields: Fields): Result<ServerMessage, SignalingProblem> {
  if (!hasExactly(fields, ['ids'])) return badMessage('attached takes ids');
  const { ids } = fields;
  if (!isIds(ids, LISTED_MAX)) return badMessage('ids must be a few different ids');
  return ok({ kind: 'attached', ids });
}

function parseSignalFrom(fields: Fields): Result<ServerMessage, SignalingProblem> {
  if (!hasExactly(fields, ['from', 'data'])) return badMessage('signal takes from and data');
  const { from, data } = fields;
  if (!isPeerId(from)) return badMessage('from must be 32 lowercase hex digits');
  const checked = checkData(data);
  return checked.ok ? ok({ kind: 'signal', from, data: checked.value }) : checked;
}

function parseUnreachable(fields: Fields): Result<ServerMessage, SignalingProblem> {
  if (!hasExactly(fields, ['to'])) return badMessage('unreachable takes to');
  const { to } = fields;
  return isPeerId(to) ? ok({ kind: 'unreachable', to }) : badMessage('to must be 32 lowercase hex digits');
}

function parseError(fields: Fields): Result<ServerMessage, SignalingProblem> {
  if (!hasExactly(fields, ['code', 'message'])) return badMessage('error takes code and message');
  const { code, message } = fields;
  if (!isErrorCode(code)) return badMessage('unknown code of error');
  if (typeof message !== 'string' || message.length > ERROR_MESSAGE_LENGTH_MAX) {
    return badMessage('message must be a short text');
  }
  return ok({ kind: 'error', code, message });
}

/** Characters are counted here, bytes by the socket; a text never has more characters than bytes. */
function readObject(text: string): Result<Fields, SignalingProblem> {
  if (text.length > SIGNALING_MESSAGE_BYTES_MAX) {
    return err({ code: 'too-large', detail: `a message has at most ${SIGNALING_MESSAGE_BYTES_MAX} bytes` });
  }
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? ok(value) : badMessage('a message is a JSON object');
  } catch {
    return badMessage('a message is JSON');
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the sender wrote, never what `Object.prototype` offers. */
function ownField(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** True when `kind` and the named fields are there and nothing else, `__proto__` included. */
function hasExactly(fields: Fields, names: readonly string[]): boolean {
  return (
    Object.keys(fields).length === names.length + 1 && names.every((name) => Object.hasOwn(fields, name))
  );
}

const BASE64: RegExp = /^[A-Za-z0-9+/]+={0,2}$/;

function checkData(data: unknown): Result<string, SignalingProblem> {
  if (typeof data !== 'string') return badMessage('data must be a text');
  if (data.length > SIGNAL_DATA_LENGTH_MAX) {
    return err({ code: 'too-large', detail: `data has at most ${SIGNAL_DATA_LENGTH_MAX} characters` });
  }
  return BASE64.test(data) ? ok(data) : badMessage('data must be base64');
}

function isContacts(value: unknown): value is readonly PeerId[] {
  return isIds(value, CONTACTS_MAX);
}

function isIds(value: unknown, lengthMax: number): value is readonly PeerId[] {
  return (
    Array.isArray(value) &&
    value.length <= lengthMax &&
    value.every(isPeerId) &&
    new Set(value).size === value.length
  );
}

const ERROR_CODES: Readonly<Record<SignalingErrorCode, true>> = {
  'bad-message': true,
  'too-large': true,
  'too-fast': true,
  'not-joined': true,
  'already-joined': true,
  'id-taken': true,
  'room-full': true,
  'server-full': true,
  'bad-version': true,
  'going-away': true,
};

function isErrorCode(value: unknown): value is SignalingErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

const badMessage = (detail: string): Result<never, SignalingProblem> => err({ code: 'bad-message', detail });
