/**
 * The command: `PORT=8080 HOST=127.0.0.1 node dist/server/main.js`. Serves the page that is built beside it
 * and says so in one line. SIGINT and SIGTERM stop it cleanly.
 */
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startServer, type RunningServer } from './server.ts';
import { parseSettings, startLine, type Settings } from './settings.ts';

/** Bundled, this file is `dist/server/main.js`; the page is `dist/page`. */
const PAGE_DIR: string = join(dirname(fileURLToPath(import.meta.url)), '..', 'page');

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

/** A terminal sends its signal to the whole process group, so the same one may come twice: once is enough. */
function stopOnSignals(server: RunningServer): void {
  const stop = (): void => {
    void server.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

async function start({ host, port }: Settings): Promise<void> {
  const server = await startServer({ host, port, pageDir: PAGE_DIR });
  stopOnSignals(server);
  process.stdout.write(`${startLine({ host, port: server.port })}\n`);
}

const settings = parseSettings(process.env);
if (settings.ok) {
  start(settings.value).catch((error: unknown) =>
    fail(error instanceof Error ? error.message : String(error)),
  );
} else {
  fail(settings.error);
}
