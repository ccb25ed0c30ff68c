import { afterEach, describe, expect, test, vi } from 'vitest';
import { newRoomKey, roomKeyToBytes } from '#client/room/room-key.ts';
import { newRoomLink, readRoomLink, stripRoomLink } from '#client/room/room-link.ts';

afterEach(() => void vi.unstubAllGlobals());

const href = 'https://app.test/board?theme=dark';
const refusal = (code: string): unknown => expect.objectContaining({ code });

describe('a private link', () => {
  test('leads to the page, and holds room and key where browsers tell no server', () => {
    const link = newRoomLink({ href: `${href}#lobby`, room: 'tea & cake #1' });
    expect(link.startsWith(`${href}#`)).toBe(true);
    expect(new URL(link).hash).not.toContain(' ');
    const read = readRoomLink(link)!;
    expect(read.room).toBe('tea & cake #1');
    expect(roomKeyToBytes(read.key)).toHaveLength(16);
  });

  test('names a room of its own unless told which, and has another key each time', () => {
    const [one, other] = [readRoomLink(newRoomLink({ href }))!, readRoomLink(newRoomLink({ href }))!];
    expect(one.room).toMatch(/^room-[a-z2-8]{8}$/);
    expect([one.room === other.room, one.key === other.key]).toEqual([false, false]);
    expect(newRoomLink({ href: '' })).toMatch(/^#r=/);
  });

  test('of a room that is none is refused', () => {
    expect(() => newRoomLink({ href, room: '' })).toThrow(refusal('BAD_ROOM'));
    expect(() => readRoomLink(`${href}#r=&k=${newRoomKey()}`)).toThrow(refusal('BAD_ROOM'));
  });

  test('that was cut anywhere in its key says so, and is never taken for another room', () => {
    const link = newRoomLink({ href, room: 'kitchen' });
    const keyFrom = link.indexOf('&k=');
    for (let length = keyFrom; length < link.length; length++) {
      expect(() => readRoomLink(link.slice(0, length))).toThrow(refusal('BAD_ROOM_KEY'));
    }
  });

  test.each(['', href, `${href}#`, `${href}#lobby`, `${href}#tea%20time`, `${href}#k=${newRoomKey()}`])(
    'is not what is no private link: %s',
    (address) => expect(readRoomLink(address)).toBe(undefined),
  );

  test('is read from the address of the page, and taken out of it', () => {
    const replaced: unknown[] = [];
    const link = newRoomLink({ href, room: 'kitchen' });
    const location = { href: link };
    vi.stubGlobal('location', location);
    vi.stubGlobal('history', {
      state: { at: 1 },
      replaceState: (...args: unknown[]) => {
        replaced.push(args);
        location.href = String(args[2]);
      },
    });
    expect(readRoomLink()?.room).toBe('kitchen');
    expect(newRoomLink()).toMatch(/^https:\/\/app\.test\/board\?theme=dark#r=room-/);
    stripRoomLink();
    stripRoomLink();
    expect(replaced).toEqual([[{ at: 1 }, '', href]]);
    expect(readRoomLink()).toBe(undefined);
  });
});
