import { expect, test } from 'vitest';
import { bytesOf, countFrames, roundTripsOf } from '#sim/frames.ts';
import { createMeshWorld } from '#sim/world.ts';

test('frames are counted as they leave, those of rounds by table', () => {
  const world = createMeshWorld({ seed: 2 });
  const frames = countFrames(world);
  let bytes = 0;
  world.observe({
    sent: (_tab, _to, _message, length) => {
      bytes += length;
    },
  });
  const [one, other] = [world.open(), world.open()];
  world.run(10_000);
  expect(world.neighborsOf(one).has(other.id)).toBe(true);
  expect(frames.bytes()).toBe(bytes);
  // Two tabs that hold nothing: a question, its answer, and the end, from the lower id.
  const state = frames.rounds('state');
  expect(state.map(({ message }) => message.kind)).toEqual(['top', 'middle', 'roundDone']);
  expect(state.map(({ from }) => from < (from === one.id ? other.id : one.id))).toEqual([true, false, true]);
  expect(frames.rounds().length).toBeGreaterThan(state.length);
  expect(bytesOf(state)).toBe(state.reduce((sum, frame) => sum + frame.bytes, 0));
  expect(roundTripsOf(state)).toBe(1);
  frames.clear();
  expect([frames.bytes(), frames.rounds().length]).toEqual([0, 0]);
});
