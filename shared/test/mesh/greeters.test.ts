/** Greeters as a whole node has them: the socket, what is said of it, and who is found by it. */
import { describe, expect, test } from 'vitest';
import type { Effect } from '#shared/mesh/messages.ts';
import {
  createRoom,
  createWorld,
  eventsOf,
  isOneComponent,
  rostersAreEqual,
  type Tab,
  type World,
} from './fixture.ts';

const attachedOf = (world: World): readonly Tab[] => world.living().filter(world.server.isAttached);
const greetersSeenBy = (tab: Tab): readonly string[] => tab.node.inspect().greeters.greeters.toSorted();

/** A room that has let go of the server, but for four. */
function createSettled(count: number, seed: number): World {
  const world = createRoom(count, { seed });
  expect(world.runUntil(() => attachedOf(world).length === 4, 120_000)).toBe(true);
  world.run(10_000);
  return world;
}

test('a node dials the server at its start, and says in its links record that it is attached', () => {
  const world = createWorld({ seed: 1 });
  const effects: Effect['kind'][] = [];
  world.observe({
    stepped: (_tab, input, said) => input.kind === 'start' && effects.push(...said.map(({ kind }) => kind)),
  });
  const [first, second] = [world.open(), world.open()];
  expect(effects.filter((kind) => kind === 'attach')).toHaveLength(2);
  expect(world.runUntil(() => greetersSeenBy(first).length === 1, 10_000)).toBe(true);
  expect(greetersSeenBy(first)).toEqual([second.id]);
});

describe('a settled room', () => {
  test('holds four sockets, and everybody knows whose', () => {
    const world = createSettled(14, 2);
    const ids = attachedOf(world).map(({ id }) => id);
    for (const tab of world.living()) {
      expect(greetersSeenBy(tab)).toEqual(ids.filter((id) => id !== tab.id).toSorted());
      expect(eventsOf(tab).findLast(({ kind }) => kind === 'greeted')).toEqual({
        kind: 'greeted',
        greeted: true,
      });
    }
    world.run(300_000);
    expect(attachedOf(world).map(({ id }) => id)).toEqual(ids);
  });

  test('takes in a newcomer, whose request its greeters carry', () => {
    const world = createSettled(14, 3);
    world.open();
    expect(world.runUntil(() => rostersAreEqual(world), 10_000)).toBe(true);
  });

  test('whose greeters crash is greeted by others, and whose server is gone says so after ten seconds', () => {
    const world = createSettled(14, 4);
    attachedOf(world).forEach(world.crash);
    expect(world.runUntil(() => attachedOf(world).length >= 4, 20_000)).toBe(true);
    world.run(60_000);
    const released = world.living().find((tab) => !world.server.isAttached(tab))!;
    eventsOf(released).length = 0;
    world.server.setUp(false);
    const goneMs = world.timeMs();
    const isTold = (): boolean =>
      eventsOf(released).some((event) => event.kind === 'greeted' && !event.greeted);
    expect(world.runUntil(isTold, 30_000)).toBe(true);
    expect(world.timeMs() - goneMs).toBeGreaterThanOrEqual(10_000);
  });

  test('of which one has no link any more has it go to the server', () => {
    const world = createSettled(14, 5);
    const lonely = world.living().find((tab) => !world.server.isAttached(tab))!;
    for (const id of lonely.node.inspect().overlay.activeView) world.failLink(lonely, world.tabOf(id)!);
    expect(world.runUntil(() => world.server.isAttached(lonely), 5_000)).toBe(true);
    expect(world.runUntil(() => lonely.node.inspect().overlay.activeView.length > 0, 10_000)).toBe(true);
  });

  test('becomes one with those who have founded another at a server that was restarted empty', () => {
    const world = createSettled(12, 6);
    world.server.setUp(false);
    world.run(5_000);
    world.server.setUp(true);
    for (let opened = 0; opened < 3; opened++) world.open();
    expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
    expect(isOneComponent(world)).toBe(true);
    expect(world.living()).toHaveLength(15);
  });
});
