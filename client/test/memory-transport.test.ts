import { createMemoryNetwork } from './memory-transport.ts';
import { createTestClock } from './test-clock.ts';
import { describeTransport } from './transport-acceptance.ts';

describeTransport('memory', () => {
  const clock = createTestClock();
  const { createTransport } = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  return {
    transports: [createTransport(), createTransport(), createTransport()],
    settle: () => clock.advance(100),
  };
});
