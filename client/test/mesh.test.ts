/** A mesh as applications hold it: joining, links, leaving, members. */
import { describe, expect, test } from 'vitest';
import type { Transport } from '#client/transport/transport.ts';
import type { Mesh } from '#client/types.ts';
import { createRoom } from './room.ts';
import { codeOf, meshes, rejection, type Shown } from './meshes.ts';

describe('joining', () => {
  test('the first is alone and ready, the second is connected and ready with what the first holds', async () => {
    const room = createRoom();
    const first = room.join<Shown>({ name: 'first' });
    expect(first.status.value).toBe('connecting');
    await room.clock.advance(20);
    expect(first.status.value).toBe('alone');
    await first.ready;
    first.map('notes').set('a', 1);
    const second = room.join<Shown>({ name: 'second' });
    await room.clock.advance(3_000);
    await second.ready;
    expect(second.map('notes').get('a')).toBe(1);
    expect([first.status.value, second.status.value]).toEqual(['connected', 'connected']);
    expect(second.members.get(first.id)).toMatchObject({
      presence: { name: 'first' },
      link: 'direct',
      hops: 1,
    });
  });

  test('a join event carries what the member shows', async () => {
    const room = createRoom();
    const first = room.join<Shown>();
    const names: unknown[] = [];
    first.on('member:join', ({ member, returned }) => names.push([member.presence.name, returned]));
    await room.clock.advance(100);
    room.join<Shown>({ name: 'newcomer' });
    await room.clock.advance(3_000);
    expect(names).toEqual([['newcomer', false]]);
  });

  test('without its server a mesh is degraded and goes on; alone it is offline', async () => {
    const { room, all } = await meshes(3);
    const [a, b, c] = all as [Mesh<Shown>, Mesh<Shown>, Mesh<Shown>];
    room.setServer(false);
    expect(a.status.value).toBe('degraded');
    a.map('notes').set('k', 'v');
    await room.clock.advance(1_000);
    expect(b.map('notes').get('k')).toBe('v');
    b.close();
    c.close();
    await room.clock.advance(1_000);
    expect(a.status.value).toBe('offline');
    expect(a.members.size).toBe(1);
    room.setServer(true);
    await room.clock.advance(1_000);
    expect(a.status.value).toBe('alone');
  });

  test('a tab can let go of the server and take hold again', async () => {
    const { room, all } = await meshes(2);
    all[0]!.detach();
    expect([all[0]!.signaling.value, all[0]!.status.value]).toEqual(['closed', 'degraded']);
    await room.clock.advance(5_000);
    expect(all[0]!.members.size).toBe(2);
    all[0]!.attach();
    await room.clock.advance(100);
    expect(all[0]!.status.value).toBe('connected');
  });
});

describe('a room of seven', () => {
  test('lets go of the server but for four, stays connected, and takes a newcomer in', async () => {
    const { room, all } = await meshes(7);
    const attached = (): number => all.filter(({ signaling }) => signaling.value === 'open').length;
    expect(attached()).toBe(7);
    await room.clock.advance(60_000);
    expect(attached()).toBe(4);
    expect(new Set(all.map(({ status }) => status.value))).toEqual(new Set(['connected']));
    const late = room.join();
    await room.clock.advance(5_000);
    expect(late.members.size).toBe(8);

    // The server goes: those attached say so at once, the others when no greeter was seen for ten seconds.
    room.setServer(false);
    await room.clock.advance(1_000);
    const words = (): readonly string[] => all.map(({ status }) => status.value);
    expect(words()).toContain('connected');
    await room.clock.advance(15_000);
    expect(new Set(words())).toEqual(new Set(['degraded']));
    room.setServer(true);
    await room.clock.advance(5_000);
    expect(new Set(words())).toEqual(new Set(['connected']));
  });

  test('that was let go of is held again when the application asks', async () => {
    const { room, all } = await meshes(7);
    await room.clock.advance(60_000);
    const released = all.find(({ signaling }) => signaling.value === 'closed')!;
    released.attach();
    await room.clock.advance(100);
    expect(released.signaling.value).toBe('open');
    released.detach();
    expect(released.status.value).toBe('degraded');
  });
});

describe('links through a TURN server', () => {
  test('are shown as such, and to subscribers as soon as it is known', async () => {
    const room = createRoom();
    let tell: (relayed: boolean) => void = () => {};
    const wrap = (transport: Transport): Transport => ({
      construct: (options, handlers) => {
        tell = handlers.onRelayed;
        return transport.construct(options, handlers);
      },
    });
    const a = room.join(undefined, { wrap });
    const b = room.join();
    await room.clock.advance(3_000);
    const seen: unknown[] = [];
    a.members.subscribe((members) => {
      const { link, hops } = members.get(b.id)!;
      seen.push([link, hops]);
    });
    tell(true);
    tell(false);
    expect(seen).toEqual([
      ['direct', 1],
      ['turn', 1],
      ['direct', 1],
    ]);
    expect(b.members.get(a.id)?.link).toBe('direct');
  });
});

describe('leaving', () => {
  test('is told as goodbye, with the member as it was, and is final', async () => {
    const { room, all } = await meshes(3);
    const told: unknown[] = [];
    all[0]!.on('member:leave', ({ member, reason }) => told.push([member.presence.name, reason]));
    await all[2]!.leave();
    expect(all[2]!.status.value).toBe('closed');
    await room.clock.advance(500);
    expect(told).toEqual([['tab 2', 'goodbye']]);
    expect(all[0]!.members.size).toBe(2);
    expect(codeOf(() => all[2]!.map('notes').set('a', 1))).toBe('CLOSED');
    expect(await rejection(all[2]!.topic('t').send('x'))).toMatchObject({ code: 'CLOSED' });
    expect(all[2]!.leave()).toBe(all[2]!.leave());
  });

  test('waits until the last frames have left; a signal ends the waiting and not the leaving', async () => {
    const room = createRoom();
    const leave: (() => void)[] = [];
    const wrap = (transport: Transport): Transport => ({
      construct: (options, handlers) => {
        const channel = transport.construct(options, handlers);
        const close = async (): Promise<void> => {
          await channel.close();
          await new Promise<void>((resolve) => leave.push(resolve));
        };
        return { ...channel, close };
      },
    });
    const first = room.join();
    const mesh = room.join(undefined, { wrap });
    await room.clock.advance(3_000);
    expect(first.members.size).toBe(2);
    const abort = new AbortController();
    const impatient = rejection(mesh.leave({ signal: abort.signal }));
    let left = false;
    void mesh.leave().then(() => (left = true));
    await room.clock.advance(500);
    expect([mesh.status.value, first.members.size, left]).toEqual(['closed', 1, false]);
    abort.abort(new Error('enough'));
    expect(await impatient).toEqual(new Error('enough'));
    expect(await rejection(mesh.leave({ signal: abort.signal }))).toEqual(new Error('enough'));
    for (const done of leave) done();
    await mesh.leave();
    expect(left).toBe(true);
  });

  test('before it is ready rejects ready and leaves nothing under way', async () => {
    const room = createRoom();
    const mesh = room.join();
    mesh.close();
    expect(await rejection(mesh.ready)).toMatchObject({ code: 'CLOSED' });
    await room.clock.advance(60_000);
    expect(room.clock.pending()).toBe(0);
  });

  test('from within a listener says goodbye all the same, and ends once', async () => {
    const { room, all } = await meshes(3);
    const told: unknown[] = [];
    all[0]!.on('member:leave', ({ member, reason }) => told.push([member.presence.name, reason]));
    all[2]!.topic('chat').on(() => all[2]!.close());
    all[2]!.on('link:close', () => all[2]!.close());
    await all[0]!.topic('chat').send('go');
    await room.clock.advance(500);
    expect(all[2]!.status.value).toBe('closed');
    expect(told).toEqual([['tab 2', 'goodbye']]);
  });

  test('tells once that it begins to close, though a listener closes again', async () => {
    const room = createRoom();
    let closed = 0;
    const first = room.join();
    const mesh = room.join(undefined, { onClosed: () => (closed += 1) });
    await room.clock.advance(3_000);
    expect(first.members.size).toBe(2);
    mesh.on('link:close', () => mesh.close());
    mesh.close();
    mesh.close();
    expect(closed).toBe(1);
  });

  test('leaves no timer behind', async () => {
    const { room, all } = await meshes(4);
    for (const mesh of all) mesh.close();
    await room.clock.advance(60_000);
    expect(room.clock.pending()).toBe(0);
  });
});

describe('members', () => {
  test('ping measures the way to a member', async () => {
    const { room, all } = await meshes(3);
    const rtt = all[0]!.members.ping(all[1]!.id);
    await room.clock.advance(1_000);
    expect(await rtt).toBeGreaterThan(0);
  });

  test('ping to oneself takes no time, and is refused when the mesh is left', async () => {
    const mesh = createRoom().join();
    expect(await mesh.members.ping(mesh.id)).toBe(0);
    mesh.close();
    expect(await rejection(mesh.members.ping(mesh.id))).toMatchObject({ code: 'CLOSED' });
  });

  test('ping refuses what is no member, and a signal that has aborted, before anything is sent', async () => {
    const { room, all } = await meshes(2);
    const { sentFrames } = all[0]!.stats().links;
    expect(await rejection(all[0]!.members.ping('nobody'))).toMatchObject({ code: 'UNREACHABLE' });
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await rejection(all[0]!.members.ping(all[1]!.id, { signal }))).toEqual(new Error('enough'));
    expect(all[0]!.stats().links.sentFrames).toBe(sentFrames);
    const lost = rejection(all[0]!.members.ping('f'.repeat(32)));
    await room.clock.advance(3_000);
    expect(await lost).toMatchObject({ code: 'UNREACHABLE' });
  });

  test('the graph names everyone and the links that both ends name', async () => {
    const { room, all } = await meshes(3);
    await room.clock.advance(5_000);
    const { nodes, edges } = all[0]!.graph();
    expect(nodes.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted());
    expect(edges).toHaveLength(3);
  });

  test('a listener that another ends hears nothing more, not even of the same change', () => {
    const mesh = createRoom().join();
    const heard: string[] = [];
    const ends: (() => void)[] = [];
    mesh.map('notes').on('change', () => {
      heard.push('first');
      for (const end of ends) end();
    });
    ends.push(mesh.map('notes').on('change', () => heard.push('second')));
    mesh.map('notes').set('a', 1);
    expect(heard).toEqual(['first']);
  });

  test('a listener that throws disturbs nobody else', async () => {
    const { room, all } = await meshes(2);
    const thrown: unknown[] = [];
    const catcher = (error: unknown): void => void thrown.push(error);
    process.on('uncaughtException', catcher);
    const heard: unknown[] = [];
    all[1]!.topic('chat').on(() => {
      throw new Error('mine');
    });
    all[1]!.topic('chat').on(({ data }) => heard.push(data));
    await all[0]!.topic('chat').send('still');
    await room.clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('uncaughtException', catcher);
    expect(heard).toEqual(['still']);
    expect(thrown).toEqual([new Error('mine')]);
  });
});
