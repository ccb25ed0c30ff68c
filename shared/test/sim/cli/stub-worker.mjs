/** A worker that does what the name of its job's scenario says. */
import { writeFileSync } from 'node:fs';

process.on('message', ({ scenario, variant }) => {
  switch (scenario) {
    case 'good':
      process.send({ kind: 'progress', at: 'half way' });
      process.send({ kind: 'done', result: { metrics: { ms: 1 }, curves: {} } });
      break;
    case 'tells':
      process.send({ kind: 'done', result: { metrics: { pid: process.pid }, curves: {} } });
      break;
    case 'throws':
      process.send({ kind: 'failed', problem: 'Error: a story went wrong' });
      break;
    case 'dies':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'busy':
      // Like a simulation: it hears of nothing until it is done, which is long after the test has judged it.
      writeFileSync(variant, String(process.pid));
      for (const endMs = performance.now() + 30_000; performance.now() < endMs;);
      break;
  }
});
