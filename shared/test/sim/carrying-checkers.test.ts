/** The swarm's checkers of what is carried: messages to all, to one, and how many copies of them. */
import { describe, expect, test } from 'vitest';
import { epoch, type PeerId } from '#shared/base/ids.ts';
import type { Command, Effect, Input, LinkMessage, MeshEvent } from '#shared/mesh/messages.ts';
import { copiesAreFew, copiesAreNotRepeated } from '#sim/swarm/copies.ts';
import { messagesComeOnce } from '#sim/swarm/deliveries.ts';
import { DIRECT_TOPIC, directsArriveOnce } from '#sim/swarm/directs.ts';
import type { Tab } from '#sim/swarm/draw.ts';
import { a, b2, b, bench, c, joined, message, publish, start, tabOf } from './checker-bench.ts';
import { numberToReceipt } from '#sim/receipts.ts';

describe('the checker of messages', () => {
  test('complains of one that comes twice, out of order, or to its sender', () => {
    const tab = tabOf(a);
    const { told, complaints } = bench(messagesComeOnce, [tab]);
    told(tab, joined(b));
    for (const number of [1, 2, 4]) told(tab, message(b, number));
    expect(complaints).toEqual([]);
    told(tab, message(b, 4));
    told(tab, message(b, 3));
    told(tab, message(a, 1));
    expect(complaints).toHaveLength(3);
  });

  test.each([
    ['of one that is older than it may be', 71_000, 0, 1],
    ['of none that is as old as it may be', 70_000, 0, 0],
    ['of none that has waited in the queue of a starved tab', 90_000, 20_000, 0],
  ])('complains %s', (_what, ageMs, behindMs, complaintsMade) => {
    const [hearer, speaker] = [tabOf(a, { behindMs }), tabOf(b)];
    const { told, stepped, pass, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    stepped(speaker, publish(1));
    pass(ageMs);
    told(hearer, message(b, 1));
    expect(complaints).toHaveLength(complaintsMade);
  });

  test.each([
    ['of none that may have waited at a relay', 20_000, 0],
    ['of one that may have waited there for less', 10_000, 1],
  ])('complains %s', (_what, behindMs, complaintsMade) => {
    const [hearer, speaker, relay] = [tabOf(a), tabOf(b), tabOf(c, { behindMs })];
    const { told, stepped, pass, complaints } = bench(messagesComeOnce, [hearer, speaker, relay]);
    told(hearer, joined(b));
    // What waited before it was said is nothing to it.
    stepped(tabOf(c, { behindMs: 60_000 }), start);
    pass(1);
    stepped(speaker, publish(1));
    pass(1_000);
    stepped(relay, start);
    pass(84_000);
    told(hearer, message(b, 1));
    expect(complaints).toHaveLength(complaintsMade);
  });

  test.each([
    ['of none that may have waited while a relay slept that is slow now', 0, 0],
    ['of one that was said when it had caught up', 21_500, 1],
  ])('complains %s', (_what, saidMs, complaintsMade) => {
    const [hearer, speaker, relay] = [tabOf(a), tabOf(b), tabOf(c, { behindMs: 1_400 })];
    const { told, stepped, pass, complaints } = bench(messagesComeOnce, [hearer, speaker, relay]);
    told(hearer, joined(b));
    for (let atMs = 0; atMs <= 22_000; atMs++) {
      if (atMs === saidMs) stepped(speaker, publish(1));
      if (atMs === 0 || atMs >= 20_000) stepped(relay, start);
      pass(1);
    }
    pass(saidMs + 85_000 - 22_001);
    told(hearer, message(b, 1));
    expect(complaints).toHaveLength(complaintsMade);
  });

  test('lets one that was said to nobody grow older by each life in which it was said anew', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, pass, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    stepped(speaker, publish(1));
    stepped(speaker, publish(2));
    for (let lives = 0; lives < 2; lives++) {
      // It runs all the while: who stands still for long begins a life without a command.
      for (let times = 0; times < 3; times++) {
        pass(10_000);
        stepped(speaker, start);
      }
      stepped(speaker, { kind: 'command', command: { kind: 'comeBack' } });
    }
    pass(40_000);
    told(hearer, message(b, 1));
    expect(complaints).toEqual([]);
    pass(1);
    told(hearer, message(b, 2));
    expect(complaints).toHaveLength(1);
  });

  test('complains, when all is calm, of one that neither came nor was told to be missed', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    for (const number of [1, 2, 3]) stepped(speaker, publish(number));
    told(hearer, message(b, 1));
    told(hearer, message(b, 3));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
    told(hearer, { kind: 'gap', from: b, missed: 1 });
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('lets a newcomer miss what was said until five seconds after its first link, and nothing later', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, pass, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, { kind: 'linkOpened', peer: b });
    told(hearer, joined(b));
    pass(4_900);
    stepped(speaker, publish(1));
    pass(200);
    stepped(speaker, publish(2));
    told(hearer, message(b, 2));
    checker.whenCalm?.();
    expect(complaints).toEqual([]);
    stepped(speaker, publish(3));
    stepped(speaker, publish(4));
    told(hearer, message(b, 4));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('lets who lost its last link before it heard anybody miss what was said until then, and nothing later', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, pass, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, { kind: 'linkOpened', peer: b });
    told(hearer, joined(b));
    pass(6_000);
    stepped(speaker, publish(1));
    told(hearer, { kind: 'linkClosed', peer: b, reason: 'closed' });
    stepped(speaker, publish(2));
    pass(1_000);
    told(hearer, { kind: 'linkOpened', peer: b });
    pass(4_900);
    stepped(speaker, publish(3));
    pass(200);
    stepped(speaker, publish(4));
    told(hearer, message(b, 4));
    checker.whenCalm?.();
    expect(complaints).toEqual([]);
    stepped(speaker, publish(5));
    stepped(speaker, publish(6));
    told(hearer, message(b, 6));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('complains of a newest one that is lacking', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    stepped(speaker, publish(1));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(2);
  });
});

describe('the checker of direct messages', () => {
  const [sender, target, other] = [tabOf(a), tabOf(b), tabOf(c)];
  const direct = (token: number): MeshEvent => ({
    kind: 'message',
    topic: DIRECT_TOPIC,
    data: { token, to: b },
    from: a,
    hops: 1,
  });
  const sendTo = (token: number): Input => ({
    kind: 'command',
    command: {
      kind: 'sendTo',
      token,
      to: b,
      topic: DIRECT_TOPIC,
      data: { token, to: b },
      receipt: numberToReceipt(token),
    },
  });

  test('complains of one that is told twice, or to whom it is not for', () => {
    const { told, complaints } = bench(directsArriveOnce, [sender, target, other]);
    told(target, direct(1));
    told(sender, { kind: 'delivered', token: 1 });
    expect(complaints).toEqual([]);
    told(target, direct(1));
    told(other, direct(2));
    expect(complaints).toHaveLength(2);
  });

  test('complains of one that ends twice, and of one that is delivered without being told', () => {
    const { told, complaints } = bench(directsArriveOnce, [sender, target]);
    told(sender, { kind: 'undeliverable', token: 1 });
    expect(complaints).toEqual([]);
    told(sender, { kind: 'undeliverable', token: 1 });
    told(sender, { kind: 'delivered', token: 2 });
    expect(complaints).toHaveLength(2);
  });

  test('complains, when all is calm, of one that never ended', () => {
    const { stepped, told, checker, complaints } = bench(directsArriveOnce, [sender, target]);
    for (const token of [1, 2]) stepped(sender, sendTo(token));
    told(sender, { kind: 'undeliverable', token: 1 });
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('complains of one that is undeliverable though all is calm', () => {
    const commanded = (tab: Tab, command: Command): void => {
      if (command.kind !== 'sendTo') return;
      stepped(tab, { kind: 'command', command });
      told(tab, { kind: 'undeliverable', token: command.token });
    };
    const { stepped, told, checker, complaints } = bench(
      directsArriveOnce,
      [sender, target],
      () => {},
      commanded,
    );
    checker.whenCalm?.();
    expect(complaints).toHaveLength(2);
  });
});

describe('the checkers of copies', () => {
  const tabs = [tabOf(a), tabOf(b)];
  const gossip = (topic: string): LinkMessage => ({
    kind: 'gossip',
    origin: a,
    epoch: epoch(1),
    lane: 'reliable',
    seq: 1,
    hot: true,
    round: 0,
    ageMs: 0,
    follows: null,
    proof: null,
    payload: { kind: 'topic', topic, data: 1 },
  });

  /** What is said of messages that come in so many frames each. */
  const complaintsAt = (copies: number): readonly string[] => {
    const onCommand = (tab: Tab, command: Command): void => {
      if (command.kind !== 'publish') return;
      const { topic, data } = command;
      for (let copy = 0; copy < copies; copy++) checker.observer?.sent?.(tab, b, gossip(topic), 1);
      told(tabs[1]!, { kind: 'message', topic, data, from: a, hops: 1 });
    };
    const { checker, told, complaints } = bench(copiesAreFew, tabs, () => {}, onCommand);
    checker.whenCalm?.();
    return complaints;
  };

  test('complain of messages that come twice to everybody, not of those that come once', () => {
    expect(complaintsAt(1)).toEqual([]);
    expect(complaintsAt(2)).toHaveLength(1);
  });

  test('complain of one that is sent to a neighbor a third time, not of one that was asked for, or goes to others', () => {
    const { stepped, complaints } = bench(copiesAreNotRepeated, tabs);
    const to = (peer: PeerId): readonly Effect[] => [{ kind: 'send', to: peer, message: gossip('any') }];
    stepped(tabs[0]!, start, [...to(b), ...to(b2), ...to(c)]);
    stepped(tabs[0]!, start, [...to(b), ...to(b2), ...to(c)]);
    stepped(
      tabs[0]!,
      { kind: 'frame', from: b, message: { kind: 'graft', trees: [], wants: [] }, bytes: 1 },
      to(b),
    );
    expect(complaints).toEqual([]);
    stepped(tabs[0]!, start, to(b));
    expect(complaints).toHaveLength(1);
  });
});
