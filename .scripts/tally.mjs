/** Adds up the JSON reports of Vitest and Playwright: prints `N passed, N failed`, last. `--lab`: of the lab, too. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';

export const unitReport = join(root, '.reports', 'unit.json');
export const storyReport = join(root, '.reports', 'e2e.json');

const labReport = join(root, '.reports', 'lab.json');

const storiesOf = ({ stats, errors }) => ({
  passed: stats.expected,
  failed: stats.unexpected + stats.flaky + stats.skipped + errors.length,
});

/**
 * Passed and failed of both runners, and of the lab where it was to run; one whose report is missing, empty or broken
 * counts as one failure.
 */
export function tally({ lab } = { lab: false }) {
  const runs = [
    read(unitReport, (report) => {
      // A file that does not load has no tests to fail, and a skipped test was not run.
      const failed =
        report.numFailedTests +
        report.numPendingTests +
        report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
          .length;
      // What fails outside all tests is one failure.
      return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
    }),
    read(storyReport, storiesOf),
    ...(lab ? [read(labReport, storiesOf)] : []),
  ].map((run) => (run.passed + run.failed === 0 ? { passed: 0, failed: 1 } : run));
  return {
    passed: runs.reduce((sum, run) => sum + run.passed, 0),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
  };
}

/** Notes in Vitest's report that its run failed: of an error outside all tests the report itself says nothing. */
export function distrust(path) {
  try {
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), success: false }));
  } catch {
    // There is no report, or half of one: it counts as a failure anyhow.
  }
  return false;
}

function read(path, count) {
  try {
    const { passed, failed } = count(JSON.parse(readFileSync(path, 'utf8')));
    if (Number.isInteger(passed) && Number.isInteger(failed)) return { passed, failed };
  } catch {
    // Missing, or half written.
  }
  return { passed: 0, failed: 1 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { passed, failed } = tally({ lab: process.argv.includes('--lab') });
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
}
