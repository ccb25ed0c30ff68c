/** What was typed behind `npm run soak --`. */
import { parseArgs } from 'node:util';
import type { PlanOptions } from './plan.ts';

/** The options, or what is wrong with one of them. */
export function readOptions(args: readonly string[], drawnSeed: number): PlanOptions | string {
  let values: Readonly<Record<string, string | undefined>>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        tabs: { type: 'string', default: '24' },
        minutes: { type: 'string', default: '10' },
        every: { type: 'string', default: '5' },
        seed: { type: 'string', default: String(drawnSeed) },
      },
    }));
  } catch (error) {
    return `${(error as Error).message.split('.')[0]}; there are --tabs, --minutes, --every, --seed.`;
  }
  const limits = { tabs: [4, 64], minutes: [1, 600], every: [1, 60], seed: [0, 2 ** 32 - 1] } as const;
  for (const [name, [min, max]] of Object.entries(limits)) {
    const typed = values[name] ?? '';
    if (!/^\d+$/.test(typed) || Number(typed) < min || Number(typed) > max)
      return `--${name} is a whole number from ${min} to ${max}, not "${typed}".`;
  }
  return {
    tabs: Number(values['tabs']),
    minutes: Number(values['minutes']),
    everyS: Number(values['every']),
    seed: Number(values['seed']),
  };
}
