/**
 * Runs things after all that already waits its turn. Not a timer: those are held back to one a second in a
 * hidden page.
 */
import { isolate } from '../isolate.ts';

/** As many as there are channels; each plans one run at a time. */
const waiting: (() => void)[] = [];
let port: MessagePort | undefined;

export function runSoon(run: () => void): void {
  waiting.push(run);
  if (waiting.length === 1) (port ??= openPort()).postMessage(undefined);
}

function openPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => {
    // One that throws takes none of the others with it.
    for (const run of waiting.splice(0)) isolate(run);
  });
  port1.start();
  return port2;
}
