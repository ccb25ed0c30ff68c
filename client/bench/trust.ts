/**
 * What trust costs: `npm run bench:trust -- --messages 4000`. Two members' doors, with the real codec and the
 * platform's WebCrypto between them and no network; what is compared runs in turns in one process. It asserts
 * nothing; people compare.
 */
import { parseArgs } from 'node:util';
import { epoch } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { statementsOf } from '#shared/wire/statement.ts';
import { createKeyPair, importVerifier, type KeyPair } from '#client/identity/ed25519.ts';
import { keyToPeerId } from '#client/identity/member-id.ts';
import { createSealer } from '#client/identity/seal.ts';
import { doorInLimits } from '#client/shell/door-in.ts';
import { doorOutLimits } from '#client/shell/door-out.ts';
import { createDoors, type Doors } from '#client/shell/doors.ts';

const { values: given } = parseArgs({
  options: { messages: { type: 'string', default: '4000' }, rounds: { type: 'string', default: '5' } },
});
const MESSAGES = Number(given.messages);
const ROUNDS = Number(given.rounds);
const ROOM = 'bench';

interface Member {
  readonly keys: KeyPair;
  readonly doors: Doors;
}

function createMember(): Member {
  const keys = createKeyPair();
  const doors = createDoors({
    self: keyToPeerId(keys.publicKey),
    keys,
    topic: () => ROOM,
    sealer: () => undefined,
    identityOf: () => undefined,
    now: () => instant(performance.now()),
    // So that the budget ends no run early.
    limits: { in: { ...doorInLimits, verifications: { burst: 1e9, perSecond: 1e9 } }, out: doorOutLimits },
  });
  return { keys, doors };
}

/** What an application might say: 100 bytes of it. */
const chat = ({ keys }: Member, seq: number): LinkMessage => ({
  kind: 'gossip',
  origin: keyToPeerId(keys.publicKey),
  epoch: epoch(1),
  lane: 'reliable',
  seq,
  hot: true,
  round: 0,
  ageMs: 0,
  follows: null,
  payload: { kind: 'topic', topic: 'chat', data: `${seq} `.padEnd(100, 'what is said ') },
  proof: null,
});

/** A pointer that moves; once a second its owner signs where it is. */
const pointer = ({ keys }: Member, seq: number): LinkMessage => moving(keys, seq, 'passing');
const anchor = ({ keys }: Member, seq: number): LinkMessage => moving(keys, seq, 'anchor');

const moving = (keys: KeyPair, seq: number, grade: 'passing' | 'anchor'): LinkMessage => ({
  kind: 'gossip',
  origin: keyToPeerId(keys.publicKey),
  epoch: epoch(1),
  lane: 'volatile',
  seq,
  hot: true,
  round: 0,
  ageMs: 0,
  follows: null,
  payload: {
    kind: 'presence',
    owner: keyToPeerId(keys.publicKey),
    epoch: epoch(1),
    grade,
    fields: [{ field: 'cursor', seq, value: { x: seq, y: 100 }, proof: null }],
  },
  proof: null,
});

/** Says a message at one end; `arrived` is told at the other. */
type Say = (message: LinkMessage) => void;

function refuse(reason: string): never {
  throw new Error(reason);
}

/** One direction of a link: sign, encode, decode, verify. */
function throughDoors(from: Member, to: Member, arrived: () => void): Say {
  const { encode } = createLinkEncoder();
  const { decode } = createLinkDecoder();
  const door = to.doors.openIn(keyToPeerId(from.keys.publicKey), { admit: arrived, refuse, count: refuse });
  const out = from.doors.openOut();
  return (message) =>
    void out.take(message, (proven) => {
      const bytes = encode(proven);
      door.take(decode(bytes), bytes.byteLength);
    });
}

/** The same without doors. */
function bare(_from: Member, _to: Member, arrived: () => void): Say {
  const { encode } = createLinkEncoder();
  const { decode } = createLinkDecoder();
  return (message) => {
    if (!decode(encode(message)).ok) throw new Error('the codec refused its own');
    arrived();
  };
}

type Way = typeof throughDoors;

/** Milliseconds that all messages took, said in one go. */
async function timeBurst(way: Way, make: (from: Member, seq: number) => LinkMessage): Promise<number> {
  const from = createMember();
  const messages = Array.from({ length: MESSAGES }, (_, at) => make(from, at + 1));
  const beganAt = performance.now();
  await new Promise<void>((resolve) => {
    let missing = MESSAGES;
    const say = way(from, createMember(), () => {
      missing -= 1;
      if (missing === 0) resolve();
    });
    messages.forEach(say);
  });
  return performance.now() - beganAt;
}

/** Milliseconds that each message took, said one by one. */
async function timeEach(way: Way, make: (from: Member, seq: number) => LinkMessage): Promise<number[]> {
  const from = createMember();
  let arrive: (() => void) | undefined;
  const say = way(from, createMember(), () => arrive?.());
  const times: number[] = [];
  for (let seq = 1; seq <= MESSAGES / 4; seq++) {
    const beganAt = performance.now();
    await new Promise<void>((resolve) => {
      arrive = () => {
        times.push(performance.now() - beganAt);
        resolve();
      };
      say(make(from, seq));
    });
  }
  return times;
}

async function oneByOne(run: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  for (let at = 0; at < MESSAGES / 4; at++) await run();
  return ((performance.now() - beganAt) / MESSAGES) * 4;
}

async function together(run: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await Promise.all(Array.from({ length: MESSAGES }, run));
  return (performance.now() - beganAt) / MESSAGES;
}

/** A letter of 100 bytes to one member: sealed at one end, opened at the other. */
async function timeLetters(): Promise<Record<string, number>> {
  const [from, to] = [createMember(), createMember()].map(({ keys }) => keyToPeerId(keys.publicKey));
  const [writer, reader] = [await createSealer(from!, ROOM), await createSealer(to!, ROOM)];
  const bytes = new Uint8Array(100);
  const sealed: Uint8Array[] = [];
  const sealing = await oneByOne(async () => {
    const box = await writer.seal({ id: to!, sealKey: reader.sealKey }, bytes);
    if (!box) throw new Error('not sealed');
    sealed.push(box);
  });
  let next = 0;
  const opening = await oneByOne(async () => {
    const opened = await reader.open({ id: from!, sealKey: writer.sealKey }, sealed[next++]!, () => true);
    if (!opened) throw new Error('not opened');
  });
  return { 'seal a letter': sealing, 'open a letter': opening };
}

async function timeCrypto(): Promise<Record<string, number>> {
  const { keys } = createMember();
  const verify = await importVerifier(keys.publicKey);
  const statement = new Uint8Array(200);
  const signature = await keys.sign(statement);
  return {
    'sign, one by one': await oneByOne(() => keys.sign(statement)),
    'sign, together': await together(() => keys.sign(statement)),
    'verify, one by one': await oneByOne(() => verify(signature, statement)),
    'verify, together': await together(() => verify(signature, statement)),
  };
}

/** What is verified are bytes that the receiver makes anew of what it was told. */
async function timeStatements(): Promise<number> {
  const from = createMember();
  const door = from.doors.openOut();
  const messages: LinkMessage[] = [];
  for (let seq = 1; seq <= MESSAGES; seq++) door.take(chat(from, seq), (proven) => messages.push(proven));
  await new Promise<void>((resolve) => door.end(resolve));
  const beganAt = performance.now();
  for (const message of messages) if (!statementsOf(ROOM, message).ok) throw new Error('no statement');
  return (performance.now() - beganAt) / MESSAGES;
}

const sorted = (figures: readonly number[]): readonly number[] => figures.toSorted((a, b) => a - b);
const quantile = (figures: readonly number[], share: number): number =>
  sorted(figures)[Math.min(figures.length - 1, Math.floor(share * figures.length))] ?? Number.NaN;
const median = (figures: readonly number[]): number => quantile(figures, 0.5);
const print = (name: string, figure: string): void =>
  void process.stdout.write(`${name.padEnd(48)}${figure.padStart(14)}\n`);
const ms = (figure: number): string => `${figure.toFixed(4)} ms`;
const perSecond = (took: number): string => `${Math.round((MESSAGES / took) * 1_000)} /s`;

const ways: Readonly<Record<string, () => Promise<number>>> = {
  'signed messages, through both doors': () => timeBurst(throughDoors, chat),
  'the same, codec alone': () => timeBurst(bare, chat),
  'pointer frames, through both doors': () => timeBurst(throughDoors, pointer),
  'pointer frames, codec alone': () => timeBurst(bare, pointer),
  'signed pointer frames, through both doors': () => timeBurst(throughDoors, anchor),
};
const waits: Readonly<Record<string, () => Promise<number[]>>> = {
  'a signed message, through both doors': () => timeEach(throughDoors, chat),
  'the same, codec alone': () => timeEach(bare, chat),
  'a pointer frame, through both doors': () => timeEach(throughDoors, pointer),
  'a pointer frame, codec alone': () => timeEach(bare, pointer),
  'a signed pointer frame, through both doors': () => timeEach(throughDoors, anchor),
};

print(`Medians of ${ROUNDS} rounds`, `${MESSAGES} messages`);
const costs: Record<string, number[]> = {};
const bursts: Record<string, number[]> = {};
const delays: Record<string, number[]> = {};
// The first round warms up and is not counted.
for (let round = 0; round <= ROUNDS; round++) {
  const add = (table: Record<string, number[]>, name: string, figures: readonly number[]): void => {
    if (round > 0) (table[name] ??= []).push(...figures);
  };
  for (const [name, cost] of Object.entries({ ...(await timeCrypto()), ...(await timeLetters()) }))
    add(costs, name, [cost]);
  add(costs, 'making the statement anew', [await timeStatements()]);
  for (const [name, run] of Object.entries(ways)) add(bursts, name, [await run()]);
  for (const [name, run] of Object.entries(waits)) add(delays, name, await run());
}
process.stdout.write('\nCost of each\n');
for (const [name, figures] of Object.entries(costs)) print(name, ms(median(figures)));
process.stdout.write('\nSaid in one go\n');
for (const [name, figures] of Object.entries(bursts)) print(name, perSecond(median(figures)));
const [proven = [], plain = []] = Object.values(bursts);
print('ratio of the first two', (median(proven) / median(plain)).toFixed(1));
process.stdout.write('\nFrom said to heard, one by one: median, and 99 in 100\n');
for (const [name, figures] of Object.entries(delays)) {
  print(name, `${ms(median(figures))} ${ms(quantile(figures, 0.99))}`);
}
