import { expect, test } from 'vitest';
import { instant } from '#shared/base/time.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import { createRests } from '#shared/overlay/rests.ts';
import { peer } from './helpers.ts';

const { misbehavedRestMs, urgentRestMsMax } = defaultOverlayConfig;

test('who misbehaved is not wanted back sooner for having given way since', () => {
  const rests = createRests(defaultOverlayConfig);
  rests.misbehaved(peer(1), instant(0));
  rests.gaveWay(peer(1), instant(1_000));
  expect(rests.isResting(peer(1), 'high', instant(misbehavedRestMs - 1))).toBe(true);
  expect(rests.isResting(peer(1), 'high', instant(misbehavedRestMs))).toBe(false);
  rests.gaveWay(peer(2), instant(0));
  expect(rests.isResting(peer(2), 'high', instant(urgentRestMsMax - 1))).toBe(true);
  expect(rests.isResting(peer(2), 'high', instant(urgentRestMsMax))).toBe(false);
});
