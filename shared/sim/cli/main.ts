import { Session } from 'node:inspector';
import { writeFileSync } from 'node:fs';
import { createMeshWorld } from '../world.ts';
const N = Number(process.argv[2] ?? 100);
const S = Number(process.argv[3] ?? 60);
const w = createMeshWorld({ seed: 1 });
let steps = 0,
  frames = 0,
  bytes = 0;
const byKind = new Map<string, [number, number]>();
w.observe({
  stepped: () => {
    steps++;
  },
  sent: (_t, _to, m, b) => {
    frames++;
    bytes += b;
    const k = m.kind === 'gossip' ? `gossip:${m.payload.kind}` : m.kind;
    const e = byKind.get(k) ?? [0, 0];
    e[0]++;
    e[1] += b;
    byKind.set(k, e);
  },
});
const t0 = performance.now();
for (let i = 0; i < N; i++) {
  w.open();
  if (i % 10 === 9) w.run(100);
}
const full = () => w.tabs.every((t) => t.node.inspect().membership.members.size === N);
const ok = w.runUntil(full, 60_000, 500);
console.log(
  'joined',
  ok,
  'at',
  w.timeMs(),
  'wall',
  ((performance.now() - t0) / 1000).toFixed(1),
  'steps',
  steps,
  'frames',
  frames,
  'constructed/node',
  w.constructed() / N,
);
console.log(
  [...byKind]
    .sort((a, b) => b[1][0] - a[1][0])
    .slice(0, 12)
    .map(([k, [n, b]]) => `${k} ${n} ${(b / n).toFixed(0)}B`)
    .join('; '),
);
w.run(20_000);
byKind.clear();
steps = 0;
frames = 0;
bytes = 0;
const ses = new Session();
ses.connect();
ses.post('Profiler.enable');
ses.post('Profiler.start');
const t1 = performance.now();
w.run(S * 1000);
ses.post('Profiler.stop', (_e, r) => writeFileSync('/tmp/idle.cpuprofile', JSON.stringify(r.profile)));
console.log(
  'idle',
  S,
  's wall',
  ((performance.now() - t1) / 1000).toFixed(1),
  'steps',
  steps,
  'frames',
  frames,
  'B/s/node',
  (bytes / S / N).toFixed(0),
);
console.log(
  [...byKind]
    .sort((a, b) => b[1][0] - a[1][0])
    .slice(0, 12)
    .map(([k, [n, b]]) => `${k} ${n} ${(b / n).toFixed(0)}B`)
    .join('; '),
);
console.log('rss', (process.memoryUsage().rss / 1e6).toFixed(0));
