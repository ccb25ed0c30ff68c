/** What the environment may say, and the sentences people read. */
import { describe, expect, it } from 'vitest';
import { createStartError, parseSettings, startLine } from '#server/settings.ts';

describe('settings', () => {
  it.each([
    [{}, { host: '127.0.0.1', port: 8080 }],
    [
      { PORT: '', HOST: '' },
      { host: '127.0.0.1', port: 8080 },
    ],
    [{ PORT: '0' }, { host: '127.0.0.1', port: 0 }],
    [
      { PORT: '65535', HOST: '0.0.0.0' },
      { host: '0.0.0.0', port: 65_535 },
    ],
    [{ HOST: 'mesh.example.org' }, { host: 'mesh.example.org', port: 8080 }],
    [{ HOST: '::1' }, { host: '::1', port: 8080 }],
  ])('%j are taken', (source, settings) => {
    expect(parseSettings(source)).toEqual({ ok: true, value: settings });
  });

  it.each(['65536', '-1', '80.5', 'http', '1e3', ' 80', '0x50'])(
    'port %j is refused in one sentence',
    (PORT) => {
      expect(parseSettings({ PORT })).toEqual({
        ok: false,
        error: `PORT must be a whole number from 0 to 65535, not ${JSON.stringify(PORT)}.`,
      });
    },
  );

  it.each(['a b', 'http://localhost', '-x', 'x'.repeat(300), 'a\nb'])('host %j is refused', (HOST) => {
    expect(parseSettings({ HOST })).toMatchObject({ ok: false });
  });
});

it.each([
  ['127.0.0.1', 'http://localhost:8080'],
  ['0.0.0.0', 'http://localhost:8080'],
  ['192.0.2.7', 'http://192.0.2.7:8080'],
  ['2001:db8::7', 'http://[2001:db8::7]:8080'],
])('listening on %s, people are sent to %s', (host, address) => {
  expect(startLine({ host, port: 8080 })).toBe(`Gossamer is at ${address}`);
});

it.each([
  ['EADDRINUSE', 'port-taken'],
  ['EACCES', 'port-forbidden'],
  ['EADDRNOTAVAIL', 'host-unknown'],
  ['ENOTFOUND', 'host-unknown'],
  ['EMFILE', 'start-failed'],
])('the system error %s is told as %s, in one line', (systemCode, code) => {
  const cause = Object.assign(new Error('listen failed'), { code: systemCode });
  const error = createStartError(cause, { host: '127.0.0.1', port: 80 });
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/^[^\n]+\.$/);
});
