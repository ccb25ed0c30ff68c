/** The server's list of those attached: who on it is asked, and when. */
import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import { contacts, createBench, peer, requestIn, requestsIn, type Bench } from './helpers.ts';
import type { OverlayInput } from '#shared/overlay/messages.ts';

const self = peer(100);
const [a, b] = [peer(51), peer(52)] as const;
const { strangerPatienceMs, answerTimeoutMs, contactsMax } = defaultOverlayConfig;
const listed = (...peers: readonly PeerId[]): OverlayInput => ({ kind: 'listed', peers });

/** A node with six neighbors, attached to the server. */
function attached(): Bench {
  const bench = createBench(self);
  bench.feed({ kind: 'roomSize', size: 50 });
  bench.linkTo(...[1, 2, 3, 4, 5, 6].map(peer));
  bench.feed({ kind: 'serverAttached' });
  return bench;
}

/** When requests go out, looked at each second; nobody answers. */
function asks(bench: Bench, fromMs: number, untilMs: number): number[] {
  const times: number[] = [];
  for (let at = fromMs; at <= untilMs; at += 1_000) {
    const effects = bench.tick(at);
    if (requestsIn(effects) > 0) times.push(at);
  }
  return times;
}

describe('who has links', () => {
  it('asks one on the list whom the roster lacks, through the server, when the roster had time to name it', () => {
    const bench = attached();
    expect(requestsIn(bench.feed(listed(self, a), 1_000))).toBe(0);
    expect(requestsIn(bench.tick(999 + strangerPatienceMs))).toBe(0);
    expect(requestIn(bench.tick(1_000 + strangerPatienceMs))).toMatchObject({
      to: a,
      route: [],
      forward: true,
    });
  });

  it('asks nobody on the list whom the roster names, nor a neighbor, nor itself', () => {
    const bench = attached();
    bench.feed({ kind: 'known', peer: a, degree: 4 });
    bench.feed(listed(self, a, peer(1)), 1_000);
    expect(asks(bench, 1_000, 60_000)).toEqual([]);
  });

  it('asks one that the roster has ceased to name and the list has not, but for one that said goodbye', () => {
    const died = attached();
    died.feed({ kind: 'known', peer: a, degree: 4 });
    died.feed(listed(a), 1_000);
    died.feed({ kind: 'forget', peer: a }, 600_000);
    expect(requestsIn(died.tick(599_999 + strangerPatienceMs))).toBe(0);
    expect(requestIn(died.tick(600_000 + strangerPatienceMs)).to).toBe(a);

    const left = attached();
    left.feed({ kind: 'known', peer: a, degree: 4 });
    left.feed(listed(a), 1_000);
    left.feed({ kind: 'forget', peer: a, why: 'left' }, 600_000);
    expect(asks(left, 600_000, 660_000)).toEqual([]);
  });

  it('asks one that never answers ever more seldom, and as soon as ever when it was a member meanwhile', () => {
    const bench = attached();
    bench.feed(listed(a), 0);
    const times = asks(bench, 1_000, 1_200_000);
    const pauses = times.slice(1).map((at, n) => at - times[n]!);
    expect(times.length).toBeLessThan(14);
    expect(pauses.at(-1)).toBeGreaterThan(150_000);
    expect(pauses.every((pause, n) => n === 0 || pause >= pauses[n - 1]! * 0.6)).toBe(true);
    bench.feed({ kind: 'known', peer: a, degree: 4 }, 1_200_000);
    bench.feed({ kind: 'forget', peer: a }, 1_201_000);
    expect(asks(bench, 1_202_000, 1_205_000)).toHaveLength(1);
  });

  it('forgets the list with the next one, and with the server', () => {
    const replaced = attached();
    replaced.feed(listed(a), 0);
    replaced.feed(listed(self), 1_000);
    expect(asks(replaced, 1_000, 60_000)).toEqual([]);
    const lost = attached();
    lost.feed(listed(a), 0);
    lost.feed({ kind: 'serverDetached' }, 1_000);
    expect(asks(lost, 1_000, 60_000)).toEqual([]);
  });

  it('takes no longer list than it keeps contacts', () => {
    const bench = attached();
    const many = Array.from({ length: contactsMax + 1 }, (_, at) => peer(200 + at));
    for (const id of many.slice(0, -1)) bench.feed({ kind: 'known', peer: id, degree: 4 });
    bench.feed(listed(...many), 0);
    expect(asks(bench, 1_000, 60_000)).toEqual([]);
  });
});

describe('who has no link', () => {
  it('asks those on the list where the server has named nobody', () => {
    const bench = createBench(self);
    bench.feed({ kind: 'serverAttached' });
    expect(requestIn(bench.feed(listed(self, a))).to).toBe(a);
  });

  it('asks those whom the server has named before those on the list', () => {
    const bench = createBench(self);
    bench.feed({ kind: 'serverAttached' });
    expect(requestIn(bench.feed(contacts(b))).to).toBe(b);
    bench.feed(listed(a), 100);
    expect(asks(bench, 1_000, answerTimeoutMs - 1_000)).toEqual([]);
  });
});

it('of four greeters who mourn each asks the server with the chance of one in four', () => {
  const calls = (count: number): number => {
    const bench = attached();
    bench.feed({ kind: 'greeters', count });
    bench.feed({ kind: 'drop', peer: peer(6), reason: 'declared-dead' });
    let times = 0;
    for (let at = 1_000; at <= 600_000; at += 1_000)
      times += bench.tick(at).filter(({ kind }) => kind === 'needContacts').length;
    return times;
  };
  expect(calls(0)).toBeGreaterThan(30);
  expect(calls(400)).toBeLessThan(5);
});
