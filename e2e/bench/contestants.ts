/** Who takes part: Gossamer, and rivals that are installed into a temporary folder when first needed. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { startNostrRelay, startScript, type BenchServer } from './servers.ts';

export type ContestantName = 'gossamer' | 'y-webrtc' | 'trystero';

export interface ContestantPlan {
  readonly name: ContestantName;
  /** The bundled script of its lean page. */
  readonly script: string;
  readonly startServer: () => Promise<BenchServer>;
}

/** Rivals stay out of the project: only the bench needs them. */
const RIVAL_PACKAGES: Readonly<Record<string, string>> = {
  'y-webrtc': '10.3.0',
  yjs: '13.6.33',
  trystero: '0.25.4',
};

const rivalsDir = join(tmpdir(), 'gossamer-bench');

/** False, after saying so, where the rivals cannot be had. */
export function installRivals(): boolean {
  const wanted = JSON.stringify({ private: true, dependencies: RIVAL_PACKAGES });
  const stamp = join(rivalsDir, 'installed.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true;
  mkdirSync(rivalsDir, { recursive: true });
  writeFileSync(join(rivalsDir, 'package.json'), wanted);
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: rivalsDir,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) writeFileSync(stamp, wanted);
  else process.stderr.write('The rivals could not be installed: Gossamer is measured alone.\n');
  return status === 0;
}

/** Builds the lean page of one contestant and names its server. */
export async function prepareContestant(root: string, name: ContestantName): Promise<ContestantPlan> {
  return { name, script: await bundlePage(root, name), startServer: serverOf(root, name) };
}

function serverOf(root: string, name: ContestantName): () => Promise<BenchServer> {
  switch (name) {
    case 'gossamer':
      return () => startScript(join(root, 'dist/server/main.js'));
    case 'y-webrtc':
      return () => startScript(join(rivalsDir, 'node_modules/y-webrtc/bin/server.js'));
    case 'trystero':
      return startNostrRelay;
  }
}

/** The page's file is copied to where the rivals are installed, so that its imports find them. */
async function bundlePage(root: string, name: ContestantName): Promise<string> {
  mkdirSync(rivalsDir, { recursive: true });
  const entry = join(rivalsDir, `${name}.js`);
  copyFileSync(join(root, 'e2e/bench/pages', `${name}.js`), entry);
  const result = await build({
    root: rivalsDir,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { gossamer: join(root, 'dist/lib/gossamer.js') } },
    build: { write: false, target: 'es2022', lib: { entry, formats: ['es'] } },
  });
  const [output] = Array.isArray(result) ? result : [];
  const chunk = output?.output[0];
  if (!chunk) throw new Error(`the page of ${name} was not built`);
  return chunk.code;
}
