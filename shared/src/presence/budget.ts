/** How often a mover may send, given how many move and how large its frames are; and how much goes into one. */
import type { Value } from '../base/value.ts';
import type { PresenceConfig } from './config.ts';
import type { PresenceUpdate } from './messages.ts';

/** Envelope, origin, epoch and channel framing of one update: a guess. */
const FRAME_BYTES_FIXED: number = 40;
/** Sequence and length prefixes of one field: a guess. */
const FIELD_BYTES_FIXED: number = 6;

/** The time between two volatile frames: every member receives each mover's, and all share the budget. */
export function volatileIntervalMs(
  load: { readonly movers: number; readonly frameBytes: number },
  config: PresenceConfig,
): number {
  const budgetMs = Math.ceil((load.movers * load.frameBytes * 1_000) / config.budgetBytesPerS);
  return Math.min(config.intervalMsMax, Math.max(config.intervalMsMin, budgetMs));
}

/** About how many bytes a frame with these fields takes. */
export function frameBytes(fields: PresenceUpdate['fields']): number {
  let bytes = FRAME_BYTES_FIXED;
  for (const { field, value } of fields) bytes += FIELD_BYTES_FIXED + field.length + sizeOf(value);
  return bytes;
}

/** The same fields in as few frames as keep each at about `bytesMax`; a field is never cut. */
export function cutToFrames(
  fields: PresenceUpdate['fields'],
  bytesMax: number,
): readonly PresenceUpdate['fields'][] {
  const frames: PresenceUpdate['fields'][] = [];
  let frame: PresenceUpdate['fields'] = [];
  for (const field of fields) {
    if (frame.length > 0 && frameBytes([...frame, field]) > bytesMax) {
      frames.push(frame);
      frame = [];
    }
    frame = [...frame, field];
  }
  return frame.length > 0 ? [...frames, frame] : frames;
}

/** About how many bytes a value takes; exact sizes are known only where bytes are made. */
export function sizeOf(value: Value | undefined): number {
  if (value === undefined || value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'number') return Number.isInteger(value) ? 4 : 9;
  if (typeof value === 'string') return 2 + value.length;
  if (value instanceof Uint8Array) return 3 + value.length;
  let bytes = 2;
  for (const [key, item] of Object.entries<Value>(value)) {
    bytes += sizeOf(item) + (Array.isArray(value) ? 0 : key.length + 1);
  }
  return bytes;
}
