import { describe, expect, test } from 'vitest';
import { createSocketGate, type SocketGate } from '#client/signaling/socket-gate.ts';

function setUp(): { readonly gate: SocketGate; readonly done: string[] } {
  const done: string[] = [];
  const gate = createSocketGate(
    { attach: () => done.push('attach'), detach: () => done.push('detach') },
    () => done.push('released'),
  );
  return { gate, done };
}

describe('a socket', () => {
  test('is dialled once it is wanted and allowed, in whichever order', () => {
    const wantedFirst = setUp();
    wantedFirst.gate.setWanted(true);
    expect(wantedFirst.done).toEqual([]);
    wantedFirst.gate.setAllowed(true);
    expect(wantedFirst.done).toEqual(['attach']);

    const allowedFirst = setUp();
    allowedFirst.gate.setAllowed(true);
    expect(allowedFirst.done).toEqual([]);
    allowedFirst.gate.setWanted(true);
    expect(allowedFirst.done).toEqual(['attach']);
  });

  test('is let go of by the node, which is said first', () => {
    const { gate, done } = setUp();
    gate.setAllowed(true);
    gate.setWanted(true);
    gate.setWanted(false);
    expect(done).toEqual(['attach', 'released', 'detach']);
    gate.setAllowed(true);
    expect(done).toHaveLength(3);
  });

  test('that is forbidden stays closed, whatever the node wants, until it is allowed', () => {
    const { gate, done } = setUp();
    gate.setAllowed(true);
    gate.setWanted(true);
    gate.setAllowed(false);
    gate.setWanted(false);
    gate.setWanted(true);
    expect(done).toEqual(['attach', 'detach']);
    gate.setAllowed(true);
    expect(done).toEqual(['attach', 'detach', 'attach']);
  });

  test('of a page that is put away stays until it is hung up, none is dialled, and there is one again when it is shown', () => {
    const { gate, done } = setUp();
    gate.setAllowed(true);
    gate.setWanted(true);
    gate.setAway(true);
    gate.setWanted(true);
    expect(done).toEqual(['attach']);
    gate.hangUp();
    gate.setAllowed(true);
    expect(done).toEqual(['attach', 'detach']);
    gate.setAway(false);
    expect(done).toEqual(['attach', 'detach', 'attach']);
  });

  test('that nobody wants, or the application forbids, is not dialled when the page is shown again', () => {
    const { gate, done } = setUp();
    gate.setAllowed(true);
    for (const away of [true, false]) gate.setAway(away);
    gate.setAllowed(false);
    gate.setWanted(true);
    for (const away of [true, false]) gate.setAway(away);
    expect(done).toEqual(['detach']);
  });
});
