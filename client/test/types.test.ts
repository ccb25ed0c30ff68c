/** What the compiler makes of the front door; that this file compiles is the test. */
import { expectTypeOf, test } from 'vitest';
import type { joinMesh } from '#client/index.ts';
import type { Unsubscribe, Value } from '#client/types.ts';

declare const join: typeof joinMesh;

test('a field that begins as null may be set to anything, and the others keep their type', () => {
  const show = () => {
    const mesh = join('room', { presence: { name: 'Ada', cursor: null, typing: false, at: { x: 1 } } });
    mesh.presence.set({ cursor: { x: 1, y: 2 }, typing: true });
    mesh.presence.set({ cursor: undefined, name: 'Grace', at: { x: 2 } });
    // @ts-expect-error -- A name is a text.
    mesh.presence.set({ name: 1 });
    // @ts-expect-error -- There is no such field.
    mesh.presence.set({ colour: 'red' });
    return mesh.presence.mine.value;
  };
  expectTypeOf(show).returns.toEqualTypeOf<
    Readonly<Partial<{ name: string; cursor: Value; typing: boolean; at: { x: number } }>>
  >();
});

test('a type that the application names is taken as it is', () => {
  type Fields = { name: string; cursor: { x: number } | null; busy?: boolean; mood: 'good' | 'bad' };
  const show = () => join<Fields>('room').presence.mine.value;
  expectTypeOf(show).returns.toEqualTypeOf<Readonly<Partial<Fields>>>();
});

test('without presence any field may be set', () => {
  const show = () => join('room').presence.set({ anything: [1] });
  expectTypeOf(show).returns.toEqualTypeOf<void>();
});

test('what ends a subscription is a function and a disposable', () => {
  expectTypeOf<Unsubscribe>().toBeCallableWith();
  expectTypeOf<Unsubscribe>().toExtend<Disposable>();
});

test('rtc takes what RTCPeerConnection takes, or a function for the servers', () => {
  const show = (rtc: RTCConfiguration) => [
    join('room', { rtc }),
    join('room', { rtc: { ...rtc, iceServers: () => [{ urls: 'stun:stun.test' }] } }),
    join('room', { rtc: { iceServers: async () => ({ iceServers: [], ttlMs: 60_000 }) } }),
    // @ts-expect-error -- What lives is a number of milliseconds.
    join('room', { rtc: { iceServers: () => ({ iceServers: [], ttlMs: '1h' }) } }),
  ];
  expectTypeOf(show).parameter(0).toEqualTypeOf<RTCConfiguration>();
});
