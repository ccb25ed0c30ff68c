import { describe, expect, it } from 'vitest';
import { createDistress, FROZEN_MS, THAWED_MS, type Plague } from '#sim/distress.ts';
import type { SimTab } from '#sim/tab.ts';
import { createMeshWorld, type World } from '#sim/world.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';

describe('members in distress', () => {
  it('are as many as wanted, and stand still and run by turns', () => {
    const { world, plagued } = afflict({ kind: 'frozen', members: 2 });
    expect(plagued).toHaveLength(2);
    const modes = watchModes(world, plagued[0]!, 120_000);
    const still = modes.filter((mode) => mode !== 'running').length;
    // Sometimes its page alone, sometimes its machine.
    expect(new Set(modes)).toEqual(new Set(['running', 'frozen', 'suspended']));
    expect(still).toBeGreaterThan(120);
    expect(still).toBeLessThan(1_080);
    for (const other of world.tabs) if (!plagued.includes(other)) expect(other.mode()).toBe('running');
  });

  it('have stalled for as long as the longest spell of late', () => {
    const { world, plagued, distress } = afflict({ kind: 'frozen', members: 1 });
    const [tab] = plagued;
    expect(distress.stalledMs(tab!, 10_000)).toBe(0);
    expect(world.runUntil(() => tab!.mode() !== 'running', 2 * THAWED_MS[1], 1)).toBe(true);
    const frozenAtMs = world.timeMs();
    world.run(400);
    expect(distress.stalledMs(tab!, 10_000)).toBeGreaterThanOrEqual(400);
    expect(distress.stalledMs(tab!, 10_000)).toBeLessThanOrEqual(401);
    expect(world.runUntil(() => tab!.mode() === 'running', FROZEN_MS[1], 1)).toBe(true);
    const stoodMs = world.timeMs() - frozenAtMs;
    expect(Math.abs(distress.stalledMs(tab!, 10_000) - stoodMs)).toBeLessThanOrEqual(1);
    world.run(900);
    expect(distress.stalledMs(tab!, 500)).toBe(0);
  });

  it('run freely after the end', () => {
    const { world, plagued, distress } = afflict({ kind: 'frozen', members: 3 });
    world.run(60_000);
    distress.end();
    for (let seconds = 0; seconds < 60; seconds++) {
      expect(plagued.map((tab) => tab.mode())).toEqual(['running', 'running', 'running']);
      world.run(1_000);
    }
  });

  it('starve without standing still', () => {
    const { world, plagued, distress } = afflict({ kind: 'starved', members: 1 });
    const modes = watchModes(world, plagued[0]!, 60_000);
    expect(new Set(modes)).toEqual(new Set(['running']));
    expect(distress.stalledMs(plagued[0]!, 20_000)).toBeGreaterThan(0);
  });

  it('fall ill at the same times whatever the room does', () => {
    const quiet = afflict({ kind: 'frozen', members: 1 });
    const busy = afflict({ kind: 'frozen', members: 1 });
    busy.world.crash(busy.world.tabs.find((tab) => !busy.plagued.includes(tab))!);
    expect(watchModes(busy.world, busy.plagued[0]!, 60_000)).toEqual(
      watchModes(quiet.world, quiet.plagued[0]!, 60_000),
    );
  });
});

function afflict(plague: Plague) {
  const world = createMeshWorld({ seed: 8 });
  for (let opened = 0; opened < 5; opened++) world.open();
  world.run(10_000);
  const distress = createDistress(world, plague);
  return { world, distress, plagued: world.tabs.filter((tab) => distress.isPlagued(tab)) };
}

function watchModes(world: World<MeshSnapshot>, tab: SimTab<MeshSnapshot>, ms: number): string[] {
  return Array.from({ length: ms / 100 }, () => {
    world.run(100);
    return tab.mode();
  });
}
