/**
 * Links into private rooms: `https://app.example/page#r=<room>&k=<key>`. Browsers send no fragment to any server, so
 * whoever serves the page learns neither.
 */
import { isRoomId } from '#shared/base/ids.ts';
import { MeshError } from '../errors.ts';
import type { RoomLink } from '../types.ts';
import { newRoomKey, roomKeyToBytes } from './room-key.ts';

/** The room stands first: of a link that was cut the key is missing, and that is seen. */
const ROOM: string = 'r';
const KEY: string = 'k';
/** Digits and letters that are not taken for each other; 32 of them, so that a byte gives each alike. */
const LETTERS: string = 'abcdefghijkmnopqrstuvwxyz2345678';
const NAME_LETTERS: number = 8;

/**
 * A link to this page, or to `href`, that leads into a new private room. The room is called `room`, or a name of its
 * own if none is given. Throws `BAD_ROOM`.
 */
export function newRoomLink(options: { readonly room?: string; readonly href?: string } = {}): string {
  const { room = newRoomName(), href = pageAddress() } = options;
  if (!isRoomId(room)) throw new MeshError('BAD_ROOM', 'A room is named by a text of 1 to 128 characters.');
  const parts = new URLSearchParams({ [ROOM]: room, [KEY]: newRoomKey() });
  return `${withoutFragment(href)}#${parts}`;
}

/**
 * Room and key of the private link that this page was opened by, or of `href`; `undefined` where it is none. Throws
 * `BAD_ROOM_KEY` and `BAD_ROOM` for one that has lost a part of either.
 */
export function readRoomLink(href: string = pageAddress()): RoomLink | undefined {
  const parts = new URLSearchParams(fragmentOf(href));
  const room = parts.get(ROOM);
  const key = parts.get(KEY);
  if (room === null) return undefined;
  if (!isRoomId(room)) throw new MeshError('BAD_ROOM', 'This link names no room.');
  if (key === null || !roomKeyToBytes(key)) {
    throw new MeshError('BAD_ROOM_KEY', 'The key of this link is not whole: it may have been cut.');
  }
  return { room, key };
}

/**
 * Takes room and key out of the page's address, so that neither a glance nor a screenshot gives them away. The page can
 * then not be reloaded into the room. An address that is no private link stays as it is.
 */
export function stripRoomLink(): void {
  const href = pageAddress();
  if (!new URLSearchParams(fragmentOf(href)).has(ROOM)) return;
  globalThis.history.replaceState(globalThis.history.state, '', withoutFragment(href));
}

/** Under Node there is none. */
function pageAddress(): string {
  return globalThis.location?.href ?? '';
}

function fragmentOf(href: string): string {
  const at = href.indexOf('#');
  return at === -1 ? '' : href.slice(at + 1);
}

function withoutFragment(href: string): string {
  const at = href.indexOf('#');
  return at === -1 ? href : href.slice(0, at);
}

function newRoomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(NAME_LETTERS));
  return `room-${Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('')}`;
}
