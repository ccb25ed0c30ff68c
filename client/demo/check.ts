/** Looks at what peers send before anything is done with it: anyone may send anything. Pure. */
import { nameOf } from './names.ts';

export const NAME_LENGTH_MAX: number = 32;
export const NOTE_LENGTH_MAX: number = 500;
export const CHAT_LENGTH_MAX: number = 500;
export const ROOM_LENGTH_MAX: number = 128;
export const ROOM_DEFAULT: string = 'lobby';

/** A place on the stage, each way from 0 to 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export type NoteColor = 'lemon' | 'mint' | 'sky' | 'rose' | 'lilac';
export const NOTE_COLORS: readonly NoteColor[] = ['lemon', 'mint', 'sky', 'rose', 'lilac'];

/** A note as it is drawn and as it is written. A type, not an interface: only that is a `Value`. */
export type Note = {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly color: NoteColor;
};

export interface ChatText {
  readonly text: string;
  /** Whom a direct message names; `undefined` where it went to everyone. */
  readonly to: string | undefined;
}

/** Invisible characters and such as turn the direction of writing: a name made of them could pose as another's. */
const UNSEEN: RegExp = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** The name a member shows, or the one its id gives it. */
export function readName(value: unknown, id: string): string {
  if (typeof value !== 'string') return nameOf(id);
  const clean = value
    .slice(0, 4 * NAME_LENGTH_MAX)
    .replace(UNSEEN, '')
    .replace(/\s+/gu, ' ')
    .trim();
  return Array.from(clean).slice(0, NAME_LENGTH_MAX).join('') || nameOf(id);
}

/** A point, brought back onto the stage; `undefined` where it is none. */
export function readPoint(value: unknown): Point | undefined {
  if (!isRecord(value)) return undefined;
  const x = readShare(value['x']);
  const y = readShare(value['y']);
  return x === undefined || y === undefined ? undefined : { x, y };
}

export function readNote(value: unknown): Note | undefined {
  const point = readPoint(value);
  if (point === undefined || !isRecord(value) || typeof value['text'] !== 'string') return undefined;
  return {
    text: clip(value['text'], NOTE_LENGTH_MAX),
    x: point.x,
    y: point.y,
    color: NOTE_COLORS.find((color) => color === value['color']) ?? 'lemon',
  };
}

/** A line of chat: a text, or an object with one. */
export function readChat(value: unknown): ChatText | undefined {
  const data = isRecord(value) ? value : { text: value };
  const text = data['text'];
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const to = data['to'];
  return { text: clip(text, CHAT_LENGTH_MAX), to: typeof to === 'string' ? to : undefined };
}

/** The room that an address's fragment names. */
export function readRoom(fragment: string): string {
  const raw = fragment.replace(/^#/, '');
  return clip(decode(raw).trim(), ROOM_LENGTH_MAX) || ROOM_DEFAULT;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Cuts to a length without cutting a character in two. */
export function clip(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return text.slice(0, lengthMax).replace(/[\uD800-\uDBFF]$/, '');
}

function readShare(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Math.min(1, Math.max(0, value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
