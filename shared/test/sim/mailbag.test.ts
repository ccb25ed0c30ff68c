import { describe, expect, it } from 'vitest';
import { formRoom } from '#sim/forming.ts';
import { completeAtMs, createMailbag, type Mail } from '#sim/mailbag.ts';
import type { SimTab } from '#sim/tab.ts';
import { createMeshWorld } from '#sim/world.ts';

describe('a mailbag', () => {
  it('knows who holds a message since when, its sender from the start', () => {
    const world = createMeshWorld({ seed: 3 });
    const mailbag = createMailbag(world);
    formRoom(world, { nodes: 4, calmMs: 0 });
    const sentAtMs = world.timeMs();
    const mail = mailbag.post(world.tabs[0]!);
    expect([...mail.heldAtMs]).toEqual([[world.tabs[0], sentAtMs]]);
    world.run(1_000);
    expect(mail.heldAtMs.size).toBe(4);
    for (const tab of world.tabs.slice(1)) expect(mail.heldAtMs.get(tab)).toBeGreaterThan(sentAtMs + 9);
    expect(mailbag.repeats()).toBe(0);
  });

  it('tells messages apart', () => {
    const world = createMeshWorld({ seed: 3 });
    const mailbag = createMailbag(world);
    formRoom(world, { nodes: 3, calmMs: 0 });
    const first = mailbag.post(world.tabs[0]!);
    world.run(1_000);
    world.crash(world.tabs[2]!);
    const second = mailbag.post(world.tabs[1]!);
    world.run(1_000);
    expect([first.heldAtMs.size, second.heldAtMs.size]).toEqual([3, 2]);
    expect(mailbag.mails).toEqual([first, second]);
  });
});

describe('a tab is complete', () => {
  const { tabs } = createTabs();
  const [a, b, c] = tabs;

  it('when it holds the last of what anybody holds', () => {
    const mails = [mailHeld([a, 0], [b, 30], [c, 20]), mailHeld([b, 10], [a, 40], [c, 50])];
    expect(completeAtMs(mails, tabs, 100)).toEqual([40, 30, 50]);
  });

  it('never, if it lacks one at the end, though it came later', () => {
    expect(completeAtMs([mailHeld([a, 0], [b, 101])], tabs, 100)).toEqual([0, Infinity, Infinity]);
  });

  it('without a message that none of those asked about holds', () => {
    expect(completeAtMs([mailHeld([a, 0])], [b, c], 100)).toEqual([-Infinity, -Infinity]);
  });
});

function createTabs(): { tabs: readonly [SimTab, SimTab, SimTab] } {
  const world = createMeshWorld({ seed: 1 });
  return { tabs: [world.open(), world.open(), world.open()] };
}

function mailHeld(...held: readonly (readonly [SimTab, number])[]): Mail<unknown> {
  return { sender: held[0]![0], sentAtMs: held[0]![1], heldAtMs: new Map(held) };
}
