import { describe, expect, test } from 'vitest';
import { moveCaret } from '../../demo/caret.ts';
import { clip, readChat, readName, readNote, readPoint, readRoom } from '../../demo/check.ts';
import { nameOf } from '../../demo/names.ts';

const ID: string = '0112000000000000000000000000abcd';

describe('a point or a note from a peer', () => {
  test('a point is two finite numbers, brought onto the stage', () => {
    expect(readPoint({ x: 0.25, y: 1 })).toEqual({ x: 0.25, y: 1 });
    expect(readPoint({ x: -3, y: 1e300 })).toEqual({ x: 0, y: 1 });
  });

  test.each([
    null,
    undefined,
    'x',
    7,
    [0, 0],
    new Uint8Array(2),
    {},
    { x: 1 },
    { x: '0', y: 0 },
    { x: Number.NaN, y: 0 },
    { x: 0, y: Infinity },
  ])('%j is no point', (value) => {
    expect(readPoint(value)).toBeUndefined();
  });

  test('a note keeps its known fields and nothing else', () => {
    expect(readNote({ text: 'hi', x: 0.5, y: 2, color: 'sky', evil: 1 })).toEqual({
      text: 'hi',
      x: 0.5,
      y: 1,
      color: 'sky',
    });
  });

  test('a note of an unknown colour is lemon', () => {
    expect(readNote({ text: '', x: 0, y: 0, color: 'url(evil)' })?.color).toBe('lemon');
    expect(readNote({ text: '', x: 0, y: 0 })?.color).toBe('lemon');
  });

  test('a note is cut to 500 characters', () => {
    expect(readNote({ text: 'a'.repeat(501), x: 0, y: 0 })?.text).toHaveLength(500);
  });

  test.each([{ text: 5, x: 0, y: 0 }, { x: 0, y: 0 }, { text: 'a', x: 0 }, 'note', null])(
    '%j is no note',
    (value) => {
      expect(readNote(value)).toBeUndefined();
    },
  );
});

describe('a name or a line of chat from a peer', () => {
  test('a name is what the member shows, in one line', () => {
    expect(readName('  Ada \n Lovelace ', ID)).toBe('Ada Lovelace');
  });

  test('a name loses invisible and turning characters', () => {
    expect(readName('A\u202Ed\u200Ba\u0000', ID)).toBe('Ada');
  });

  test('a long name is cut, between characters', () => {
    expect(readName('🕸'.repeat(1000), ID)).toBe('🕸'.repeat(32));
  });

  test.each([undefined, null, 5, '', '   ', '\u200B', { toString: 'x' }])(
    'without a usable name (%j) the id gives one',
    (value) => {
      expect(readName(value, ID)).toBe(nameOf(ID));
    },
  );

  test('a line of chat is a text or an object with one', () => {
    expect(readChat('hi')).toEqual({ text: 'hi', to: undefined });
    expect(readChat({ text: 'hi', to: ID })).toEqual({ text: 'hi', to: ID });
    expect(readChat({ text: 'hi', to: 5 })).toEqual({ text: 'hi', to: undefined });
  });

  test.each([null, 5, '', '  ', [], {}, { text: 5 }, { text: '' }])('%j is no line of chat', (value) => {
    expect(readChat(value)).toBeUndefined();
  });
});

describe('the room', () => {
  test('is the fragment, decoded', () => {
    expect(readRoom('#tea%20time')).toBe('tea time');
  });

  test('is the lobby where the fragment names none', () => {
    expect(readRoom('')).toBe('lobby');
    expect(readRoom('#')).toBe('lobby');
    expect(readRoom('#%20')).toBe('lobby');
  });

  test('takes a fragment that cannot be decoded as it stands', () => {
    expect(readRoom('#100%')).toBe('100%');
  });

  test('has at most 128 characters', () => {
    expect(readRoom(`#${'a'.repeat(300)}`)).toHaveLength(128);
  });
});

test('cutting never splits a character', () => {
  expect(clip('ab🕸', 3)).toBe('ab');
  expect(clip('ab🕸', 4)).toBe('ab🕸');
});

describe('the caret', () => {
  test.each([
    { fact: 'stays before a change behind it', before: 'one two', after: 'one three', caret: 3, moved: 3 },
    { fact: 'moves with a change before it', before: 'two', after: 'one two', caret: 1, moved: 5 },
    {
      fact: 'goes to the end of what replaced its place',
      before: 'a-old-b',
      after: 'a-new!-b',
      caret: 4,
      moved: 6,
    },
    { fact: 'stays at the end of the text', before: 'abc', after: 'xabc', caret: 3, moved: 4 },
    { fact: 'falls back where the text is gone', before: 'abc', after: '', caret: 2, moved: 0 },
    { fact: 'stays at the start', before: 'abc', after: 'xyz', caret: 0, moved: 0 },
  ])('$fact', ({ before, after, caret, moved }) => {
    expect(moveCaret(before, after, caret)).toBe(moved);
  });

  test('never leaves the text', () => {
    for (const before of ['', 'a', 'aa', 'aba']) {
      for (const after of ['', 'a', 'aaa', 'abba']) {
        for (let caret = 0; caret <= before.length; caret += 1) {
          const moved = moveCaret(before, after, caret);
          expect(moved).toBeGreaterThanOrEqual(0);
          expect(moved).toBeLessThanOrEqual(after.length);
        }
      }
    }
  });
});
